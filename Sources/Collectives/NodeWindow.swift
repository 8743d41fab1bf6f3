internal import CMPI

/// Sums through memory that the ranks of a node share, and from node to node in rings between ranks of equal
/// place.
///
/// L ranks of this node, S slots per rank. Every sum is cut into chunks, numbered through over all sums;
/// chunk q uses slot q mod S of every rank's part, and passes four stages, each rank counting in shared
/// memory how far it is:
/// (a) fill: a rank copies its numbers into its slot, once all ranks have drained what lay there before;
/// (b) reduce: when all have filled, rank r adds share r (of L) over all ranks, in the order of the ranks;
/// (c) relay: with several nodes, share r is summed over the nodes in the ring of all ranks r;
/// (d) drain: when all have reduced, a rank copies the L finished shares into its buffer.
/// Each share is summed once and then copied, so all ranks hold the same bits.
final class NodeWindow {
    /// A counter has two cache lines for itself, because processors fetch them in pairs.
    private static let counterStride = 128
    private static let headerByteCount = 4096
    /// Elements to which shares are rounded, so that no two ranks write one cache line.
    private static let shareAlignment = 32

    private enum Stage: Int { case filled, reduced, drained }

    private let window: OpaquePointer
    private let localRank: Int
    private let localSize: Int
    private let slotCount: Int
    private let slotElementCount: Int
    private let bases: [UnsafeMutableRawPointer]
    private let relayRing: RingGroup?
    private let rank: Int

    private var queue: [WindowAllReduce] = []
    /// Chunks handed in, and chunks this rank has brought past each stage.
    private var announced = 0
    private var filled = 0
    private var reduced = 0
    private var published = 0
    private var drained = 0
    /// How far all ranks were at last look, by stage.
    private var seen = [0, 0, 0]
    private var relays: [RingAllReduce] = []

    /// - node: the ranks of this node; counterparts: the ranks of equal place on all nodes, nil with one
    ///   node.
    init(
        node: MPIGroup, counterparts: MPIGroup?, settings: CommunicatorSettings, rank: Int
    ) throws(CollectiveError) {
        localRank = node.rank
        localSize = node.size
        slotCount = settings.windowSlotCount
        let granule = Self.shareAlignment * MemoryLayout<Float>.stride
        slotElementCount = max(settings.windowSlotByteCount / granule, 1) * Self.shareAlignment
        let slabByteCount = slotCount * slotElementCount * MemoryLayout<Float>.stride
        let pageByteCount = 4096
        let byteCount =
            Self.headerByteCount + (slabByteCount + pageByteCount - 1) / pageByteCount * pageByteCount
        var handle: OpaquePointer?
        try MPIGroup.check(cmpi_window_create(node.handle, Int64(byteCount), &handle), rank: rank)
        guard let handle else { preconditionFailure("the MPI shim returned success without a window") }
        window = handle
        bases = (0..<node.size).map { local in
            guard let base = cmpi_window_base(handle, Int32(local)) else {
                preconditionFailure("no shared memory of local rank \(local)")
            }
            return base
        }
        relayRing = counterparts.map { RingGroup($0, chunkByteCount: settings.ringChunkByteCount) }
        self.rank = rank
    }

    func free() throws(CollectiveError) { try MPIGroup.check(cmpi_window_free(window), rank: rank) }

    /// Queues a sum; it moves whenever any sum of the window does.
    func start(_ buffer: UnsafeMutableBufferPointer<Float>) -> WindowAllReduce {
        let chunkCount = (buffer.count + slotElementCount - 1) / slotElementCount
        let operation = WindowAllReduce(buffer, chunks: announced..<announced + chunkCount, in: self)
        announced += chunkCount
        if chunkCount > 0 { queue.append(operation) }
        return operation
    }

    func isDone(_ operation: WindowAllReduce) -> Bool { drained >= operation.chunks.upperBound }

    /// Brings every chunk as far as the other ranks allow; late stages first, while their data is in the
    /// cache.
    func advance() throws(CollectiveError) {
        var moved = true
        while moved {
            moved = true
            if drained < announced, hasArrived(.reduced, drained) {
                drain()
            } else if reduced < announced, hasArrived(.filled, reduced) {
                reduce()
            } else if filled < announced, filled < slotCount || hasArrived(.drained, filled - slotCount) {
                fill()
            } else {
                moved = false
            }
            try relay()
        }
    }

    // MARK: Stages

    private func fill() {
        let (operation, range) = locate(filled)
        let slot = slot(filled, of: localRank)
        let own = share(localRank, of: range.count)
        let source = operation.base + range.lowerBound
        // The own share is read from the buffer itself.
        slot.update(from: source, count: own.lowerBound)
        (slot + own.upperBound).update(from: source + own.upperBound, count: range.count - own.upperBound)
        filled += 1
        publish(.filled, filled)
    }

    private func reduce() {
        let (operation, range) = locate(reduced)
        let own = share(localRank, of: range.count)
        let mine = operation.base + range.lowerBound + own.lowerBound
        let target = slot(reduced, of: localRank) + own.lowerBound
        withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: localSize) { sources in
            for local in 0..<localSize {
                sources[local] = UnsafePointer(
                    local == localRank ? mine : slot(reduced, of: local) + own.lowerBound)
            }
            cmpi_sum_floats(
                target, relayRing == nil ? mine : nil, sources.baseAddress, Int32(localSize),
                Int64(own.count),
                operation.isLarge ? 1 : 0)
        }
        if let relayRing {
            relays.append(
                RingAllReduce(UnsafeMutableBufferPointer(start: target, count: own.count), on: relayRing))
        }
        reduced += 1
    }

    /// Moves the rings between the nodes, and lets the other ranks know which shares are final.
    private func relay() throws(CollectiveError) {
        if relayRing != nil {
            var arrived = 0
            for (index, ring) in relays.enumerated() where try ring.advance() && arrived == index {
                arrived += 1
            }
            relays.removeFirst(arrived)
        }
        guard reduced - relays.count > published else { return }
        published = reduced - relays.count
        publish(.reduced, published)
    }

    private func drain() {
        let (operation, range) = locate(drained)
        let target = operation.base + range.lowerBound
        for local in 0..<localSize where local != localRank || relayRing != nil {
            let part = share(local, of: range.count)
            cmpi_copy_floats(
                target + part.lowerBound, slot(drained, of: local) + part.lowerBound, Int64(part.count),
                operation.isLarge ? 1 : 0)
        }
        drained += 1
        publish(.drained, drained)
        if drained == operation.chunks.upperBound { queue.removeFirst() }
    }

    // MARK: Places

    /// The sum chunk q belongs to, and its elements there.
    private func locate(_ q: Int) -> (operation: WindowAllReduce, range: Range<Int>) {
        guard let operation = queue.first(where: { $0.chunks.contains(q) }) else {
            preconditionFailure(
                "chunk \(q) belongs to no sum under way; \(drained) ..< \(announced) are open")
        }
        let start = (q - operation.chunks.lowerBound) * slotElementCount
        return (operation, start..<min(start + slotElementCount, operation.elementCount))
    }

    private func share(_ local: Int, of count: Int) -> Range<Int> {
        let exact = (count + localSize - 1) / localSize
        let length = (exact + Self.shareAlignment - 1) / Self.shareAlignment * Self.shareAlignment
        return min(local * length, count)..<min((local + 1) * length, count)
    }

    private func slot(_ q: Int, of local: Int) -> UnsafeMutablePointer<Float> {
        (bases[local] + Self.headerByteCount).assumingMemoryBound(to: Float.self) + q % slotCount
            * slotElementCount
    }

    // MARK: Counters

    private func counter(_ stage: Stage, of local: Int) -> UnsafeMutableRawPointer {
        bases[local] + stage.rawValue * Self.counterStride
    }

    private func publish(_ stage: Stage, _ value: Int) {
        cmpi_counter_publish(counter(stage, of: localRank), UInt64(value))
    }

    /// Whether every rank has brought chunk q past the stage.
    private func hasArrived(_ stage: Stage, _ q: Int) -> Bool {
        if seen[stage.rawValue] > q { return true }
        var least = UInt64.max
        for local in 0..<localSize { least = min(least, cmpi_counter_read(counter(stage, of: local))) }
        seen[stage.rawValue] = Int(least)
        return least > UInt64(q)
    }
}
