internal import CMPI

/// A sum over a ring of messages, in chunks that follow each other closely (reduce-scatter, then all-gather).
///
/// Message m may leave once message m - K has arrived (and been added, in the first half); see `RingLayout`.
final class RingAllReduce: ReductionMachine {
    private let ring: RingGroup
    private let buffer: UnsafeMutableBufferPointer<Float>
    private let layout: RingLayout
    private let tag: Int32
    private let sends: MPIRequestQueue
    private let receives: MPIRequestQueue
    private var sentCount = 0
    private var receivedCount = 0
    private var scratch: UnsafeMutablePointer<Float>?

    init(_ buffer: UnsafeMutableBufferPointer<Float>, on ring: RingGroup) {
        self.ring = ring
        self.buffer = buffer
        tag = ring.group.nextTag()
        layout = RingLayout(
            rank: ring.group.rank, size: ring.group.size, elementCount: buffer.count,
            maximumChunkElementCount: ring.chunkElementCount)
        sends = MPIRequestQueue(capacity: ring.window, rank: ring.group.rank)
        receives = MPIRequestQueue(capacity: ring.window, rank: ring.group.rank)
        scratch = layout.messageCount > 0 ? ring.takeScratch() : nil
    }

    func advance() throws(CollectiveError) -> Bool {
        guard let base = buffer.baseAddress, let scratch else { return true }
        var moved = true
        while moved {
            moved = false
            while try sends.popIfDone() {
                sentCount += 1
                moved = true
            }
            while try receives.popIfDone() {
                takeIn(receivedCount, base, scratch)
                receivedCount += 1
                moved = true
            }
            while try postReceive(base, scratch) { moved = true }
            while try postSend(base) { moved = true }
        }
        guard sentCount == layout.messageCount, receivedCount == layout.messageCount else { return false }
        ring.giveBack(scratch)
        self.scratch = nil
        return true
    }

    private func slot(_ m: Int, _ scratch: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<Float> {
        scratch + (m % ring.window) * ring.chunkElementCount
    }

    private func takeIn(_ m: Int, _ base: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>)
    {
        guard m < layout.reducingMessageCount else { return }
        let range = layout.incoming(m)
        cmpi_add_floats(base + range.lowerBound, slot(m, scratch), Int64(range.count))
    }

    private func postReceive(
        _ base: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>
    ) throws(CollectiveError) -> Bool {
        let m = receivedCount + receives.count
        guard m < layout.messageCount, !receives.isFull else { return false }
        let range = layout.incoming(m)
        let target: UnsafeMutablePointer<Float>
        if m < layout.reducingMessageCount {
            target = slot(m, scratch)
        } else {
            // This chunk's partial sum left as message m - (N - 1) K; it must be out before the sum
            // overwrites it.
            guard sentCount > m - layout.reducingMessageCount else { return false }
            target = base + range.lowerBound
        }
        let group = ring.group
        try receives.begin {
            cmpi_ireceive(
                group.handle, target, Int64(range.count), CMPI_FLOAT, Int32(layout.left), tag, &$0)
        }
        return true
    }

    private func postSend(_ base: UnsafeMutablePointer<Float>) throws(CollectiveError) -> Bool {
        let m = sentCount + sends.count
        guard m < layout.messageCount, !sends.isFull, m < layout.chunkCount + receivedCount else {
            return false
        }
        let range = layout.outgoing(m)
        let group = ring.group
        try sends.begin {
            cmpi_isend(
                group.handle, base + range.lowerBound, Int64(range.count), CMPI_FLOAT, Int32(layout.right),
                tag, &$0)
        }
        return true
    }
}
