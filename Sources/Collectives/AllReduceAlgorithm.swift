/// How gradients are summed over ranks; the values of `--allreduce`.
package enum AllReduceAlgorithm: String, CaseIterable, Sendable {
    /// Chosen once at start from the layout alone, so that a resumed run sums in the same order: `shared` where
    /// ranks share nodes evenly, else `ring`.
    case auto
    /// Our pipelined ring of point-to-point messages.
    case ring
    /// Our shared-memory windows inside a node, and rings between the nodes.
    case shared
    /// The MPI library's own `MPI_Iallreduce`.
    case mpi
}
