/// How gradients are summed over ranks; the values of `--allreduce`.
package enum AllReduceAlgorithm: String, CaseIterable, Sendable {
    /// `shm-ring` where ranks share nodes evenly, `ring` elsewhere.
    case auto
    /// Our shared-memory windows inside a node, and pipelined rings of messages between the nodes.
    case shmRing = "shm-ring"
    /// Our pipelined ring of point-to-point messages, inside nodes as well.
    case ring
    /// The MPI library's own `MPI_Iallreduce`.
    case mpi
}
