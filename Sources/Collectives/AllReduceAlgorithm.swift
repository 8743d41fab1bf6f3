/// How gradients are summed over ranks; the values of `--allreduce`.
package enum AllReduceAlgorithm: String, CaseIterable, Sendable {
    /// Chosen once at start from the layout alone, so that a resumed run sums in the same order: `shared`
    /// where ranks share nodes evenly, else `ring`. Two ranks of one node (AMD Zen 3, Open MPI 4.1.4),
    /// milliseconds for 16 KB, 1, 16 and 132 MB: shared 0.008, 0.28, 5.1, 42; ring 0.019, 0.26, 6.8, 50; the
    /// library's blocking call 0.016, 0.44, 5.9, 88 and its non-blocking one 0.018, 0.56, 13, 190.
    case auto
    /// Our pipelined ring of point-to-point messages.
    case ring
    /// Our shared-memory windows inside a node, and rings between the nodes.
    case shared
    /// The MPI library's own `MPI_Iallreduce`.
    case mpi
}
