/// The ranks of a ring in ring order, and the scratch memory its sums take turns to use.
final class RingGroup {
    let group: MPIGroup
    let payload: PayloadType
    let chunkElementCount: Int
    /// Messages of one sum under way in each direction: enough to hide a message's start behind its
    /// predecessors.
    let window = 4
    private var pool: [UnsafeMutableRawPointer] = []

    init(_ group: MPIGroup, payload: PayloadType, chunkByteCount: Int) {
        self.group = group
        self.payload = payload
        chunkElementCount = max(chunkByteCount / payload.byteCount, 1)
    }

    /// Room for `window` chunks to receive, and as many to send.
    func takeScratch() -> UnsafeMutableRawPointer {
        pool.popLast()
            ?? UnsafeMutableRawPointer.allocate(
                byteCount: 2 * window * chunkElementCount * payload.byteCount, alignment: 64)
    }

    func giveBack(_ scratch: UnsafeMutableRawPointer) { pool.append(scratch) }

    deinit {
        for scratch in pool { scratch.deallocate() }
    }
}
