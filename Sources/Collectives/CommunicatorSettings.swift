/// What a user may choose about communication.
package struct CommunicatorSettings: Sendable {
    package var algorithm = AllReduceAlgorithm.auto
    /// Seconds a peer may stay silent: longer than the slowest rank's checkpoint or evaluation.
    package var deadlineSeconds: Double = 600
    /// Bytes of one message of the ring; 512 KB was fastest of 128 KB ... 2 MB between two ranks.
    package var ringChunkByteCount = 512 << 10
    /// Bytes of one slot of the shared window.
    package var windowSlotByteCount = 512 << 10
    /// Slots per rank: how far a rank may run ahead of its slowest neighbour.
    package var windowSlotCount = 8

    package init() {}
}
