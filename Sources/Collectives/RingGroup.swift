/// The ranks of a ring in ring order, and the scratch memory its sums take turns to use.
final class RingGroup {
    let group: MPIGroup
    let chunkElementCount: Int
    /// Messages of one sum under way in each direction: enough to hide a message's start behind its
    /// predecessors.
    let window = 4
    private var pool: [UnsafeMutablePointer<Float>] = []

    init(_ group: MPIGroup, chunkByteCount: Int) {
        self.group = group
        chunkElementCount = max(chunkByteCount / MemoryLayout<Float>.stride, 1)
    }

    /// Room for `window` chunks.
    func takeScratch() -> UnsafeMutablePointer<Float> {
        pool.popLast() ?? UnsafeMutablePointer<Float>.allocate(capacity: window * chunkElementCount)
    }

    func giveBack(_ scratch: UnsafeMutablePointer<Float>) { pool.append(scratch) }

    deinit {
        for scratch in pool { scratch.deallocate() }
    }
}
