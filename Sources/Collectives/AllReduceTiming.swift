/// The duration of all-reduces of one size, as all ranks saw it.
package struct AllReduceTiming: Sendable {
    package let byteCount: Int
    /// What summed; never `auto`.
    package let algorithm: AllReduceAlgorithm
    /// Seconds of each repetition on the slowest rank.
    package let seconds: [Double]
    /// The same of the library's own blocking `MPI_Allreduce`, in turn with ours.
    package let mpiSeconds: [Double]
    /// The same of one copy of as many bytes on every rank at once.
    package let copySeconds: [Double]
}
