/// What a user may choose about communication.
package struct CommunicatorSettings: Sendable {
    package var algorithm = AllReduceAlgorithm.auto
    package var payload = PayloadType.f32
    /// Seconds a peer may stay silent: longer than the slowest rank's checkpoint or evaluation.
    package var deadlineSeconds: Double = 600
    /// Bytes of one message of the ring. Between two hosts (TCP, Emerald Rapids, messages of 256 KB, 512 KB, 1 MB and 2 MB)
    /// 132 MB took 83, 79, 97 and 99 ms, the library's own 120; 1 MB took 0.4, 0.29, 0.28 and 0.28. Between two ranks of a
    /// node all were alike.
    package var ringChunkByteCount = 512 << 10
    /// Bytes of one slot of the shared window; 1 MB sums took 0.24 ms with it, 0.32 ms with slots of 512 KB
    /// or less.
    package var windowSlotByteCount = 1 << 20
    /// Slots per rank: how far a rank may run ahead of its slowest neighbour. Twice as many were no faster.
    package var windowSlotCount = 4

    package init() {}
}
