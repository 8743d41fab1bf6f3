internal import CMPI

/// A sum over a ring of messages, in chunks that follow each other closely (reduce-scatter, then all-gather).
///
/// Message m may leave once message m - K has arrived (and been added, in the first half); see `RingLayout`.
/// 32-bit numbers leave and, in the second half, arrive in the buffer itself; bfloat16 goes through scratch memory.
final class RingAllReduce: ReductionMachine {
    private let ring: RingGroup
    private let buffer: UnsafeMutableBufferPointer<Float>
    private let layout: RingLayout
    private let tag: Int32
    private let sends: MPIRequestQueue
    private let receives: MPIRequestQueue
    private var sentCount = 0
    private var receivedCount = 0
    private var scratch: UnsafeMutableRawPointer?

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

    func advance() throws(CollectiveError) -> ReductionAdvance {
        guard let base = buffer.baseAddress, let scratch else { return .done }
        var cameFurther = false
        while try moveOnce(base, scratch) { cameFurther = true }
        guard sentCount == layout.messageCount, receivedCount == layout.messageCount else {
            return cameFurther ? .moved : .stuck
        }
        ring.giveBack(scratch)
        self.scratch = nil
        return .done
    }

    private func moveOnce(
        _ base: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutableRawPointer
    ) throws(CollectiveError) -> Bool {
        var moved = false
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
        while try postSend(base, scratch) { moved = true }
        return moved
    }

    /// The scratch memory of arriving message m; those that leave have the second half.
    private func slot(_ m: Int, _ scratch: UnsafeMutableRawPointer, leaving: Bool = false)
        -> UnsafeMutableRawPointer
    {
        let place = m % ring.window + (leaving ? ring.window : 0)
        return scratch + place * ring.chunkElementCount * ring.payload.byteCount
    }

    private func takeIn(_ m: Int, _ base: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutableRawPointer) {
        let range = layout.incoming(m)
        let (target, count) = (base + range.lowerBound, Int64(range.count))
        let source = slot(m, scratch)
        switch (ring.payload, m < layout.reducingMessageCount) {
        case (.f32, true): cmpi_add_floats(target, source.assumingMemoryBound(to: Float.self), count)
        // It arrived where it belongs.
        case (.f32, false): break
        case (.bf16, true): cmpi_add_bf16(target, source.assumingMemoryBound(to: UInt16.self), count)
        case (.bf16, false): cmpi_widen_bf16(target, source.assumingMemoryBound(to: UInt16.self), count)
        }
    }

    private func postReceive(
        _ base: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutableRawPointer
    ) throws(CollectiveError) -> Bool {
        let m = receivedCount + receives.count
        guard m < layout.messageCount, !receives.isFull else { return false }
        let range = layout.incoming(m)
        var target = slot(m, scratch)
        if m >= layout.reducingMessageCount {
            // This chunk's partial sum left as message m - (N - 1) K; it must be out before the sum
            // overwrites it.
            guard sentCount > m - layout.reducingMessageCount else { return false }
            if ring.payload == .f32 { target = UnsafeMutableRawPointer(base + range.lowerBound) }
        }
        let (group, byteCount) = (ring.group, Int64(range.count * ring.payload.byteCount))
        try receives.begin {
            cmpi_ireceive(group.handle, target, byteCount, CMPI_BYTE, Int32(layout.left), tag, &$0)
        }
        return true
    }

    private func postSend(
        _ base: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutableRawPointer
    ) throws(CollectiveError) -> Bool {
        let m = sentCount + sends.count
        guard m < layout.messageCount, !sends.isFull, m < layout.chunkCount + receivedCount else {
            return false
        }
        let range = layout.outgoing(m)
        var source = UnsafeMutableRawPointer(base + range.lowerBound)
        if ring.payload == .bf16 {
            let rounded = slot(m, scratch, leaving: true).assumingMemoryBound(to: UInt16.self)
            cmpi_round_to_bf16(rounded, base + range.lowerBound, Int64(range.count))
            // The owner of a sum keeps what the others get.
            if m >= layout.reducingMessageCount {
                cmpi_widen_bf16(base + range.lowerBound, rounded, Int64(range.count))
            }
            source = UnsafeMutableRawPointer(rounded)
        }
        let (group, byteCount) = (ring.group, Int64(range.count * ring.payload.byteCount))
        try sends.begin {
            cmpi_isend(group.handle, source, byteCount, CMPI_BYTE, Int32(layout.right), tag, &$0)
        }
        return true
    }
}
