internal import CMPI

/// Sums through memory that the ranks of a node share, and from node to node in rings between ranks of equal
/// place.
///
/// L ranks of this node, S slots per rank. Every sum is cut into chunks, numbered through over all sums; chunk q
/// passes these stages, each rank counting in shared memory how far it is. Where the numbers lie in shared memory
/// already (`share`), they stay there:
/// (a) fill: a rank says that its numbers are final;
/// (b) reduce: when all have, rank r adds share r (of L) over all ranks, in the order of the ranks, straight from
///     their memory, and
/// (c) relay: with several nodes, sums it over the nodes in the ring of all ranks r,
/// (d) and writes the sum into the memory of all ranks.
/// Other numbers go through slot q mod S of every rank's part: (a) copies into the own slot, once all ranks have
/// drained what lay there before; (d) each rank copies the L finished shares into its buffer.
/// Each share is summed once and then copied, so all ranks hold the same bits.
final class NodeWindow {
    /// Elements to which shares are rounded, so that no two ranks write one cache line.
    private static let shareAlignment = 32
    private static let headerByteCount = 4096
    /// Bytes of a chunk of numbers that stay where they are: small enough that reducing, sending and handing out
    /// overlap between hosts.
    static let residentChunkByteCount = 8 << 20

    private let memory: NodeMemory
    private let counters: StageCounters
    private let slotCount: Int
    private let slotElementCount: Int
    private let relayRing: RingGroup?
    private var homes: [NodeMemory] = []
    /// For small numbers.
    let mailbox: NodeMailbox

    private var queue: [WindowAllReduce] = []
    /// Chunks handed in, and chunks this rank has brought past each stage.
    private var announced = 0
    private var filled = 0
    private var reduced = 0
    private var published = 0
    private var drained = 0
    private var relays: [RingAllReduce] = []

    private var localRank: Int { memory.localRank }
    private var localSize: Int { memory.localSize }

    /// - counterparts: the ranks of equal place on all nodes, nil with one node.
    init(in memory: NodeMemory, counterparts: RingGroup?, settings: CommunicatorSettings) {
        self.memory = memory
        counters = StageCounters(in: memory)
        mailbox = NodeMailbox(
            in: memory, counterPosition: StageCounters.byteCount, lettersPosition: Self.headerByteCount)
        slotCount = settings.windowSlotCount
        slotElementCount = Self.slotElementCount(settings)
        relayRing = counterparts
    }

    private static func slotElementCount(_ settings: CommunicatorSettings) -> Int {
        let granule = shareAlignment * MemoryLayout<Float>.stride
        return max(settings.windowSlotByteCount / granule, 1) * shareAlignment
    }

    /// What the window wants of each rank's memory.
    static func byteCount(_ settings: CommunicatorSettings) -> Int {
        headerByteCount + NodeMailbox.byteCount
            + settings.windowSlotCount * slotElementCount(settings) * MemoryLayout<Float>.stride
    }

    /// Numbers in this memory are from now on summed where they lie; all ranks put them in the same place.
    func share(_ home: NodeMemory) { homes.append(home) }

    func free() throws(CollectiveError) {
        for home in homes { try home.free() }
        try memory.free()
    }

    /// Queues a sum; it moves whenever any sum of the window does.
    func start(_ buffer: UnsafeMutableBufferPointer<Float>) -> WindowAllReduce {
        var place: (NodeMemory, Int)?
        for home in homes { if let position = home.position(of: buffer) { place = (home, position) } }
        let length =
            place == nil ? slotElementCount : Self.residentChunkByteCount / MemoryLayout<Float>.stride
        let chunkCount = (buffer.count + length - 1) / length
        let operation = WindowAllReduce(
            buffer, chunks: announced..<announced + chunkCount, of: length, home: place, in: self)
        announced += chunkCount
        if chunkCount > 0 { queue.append(operation) }
        return operation
    }

    func isDone(_ operation: WindowAllReduce) -> Bool { drained >= operation.chunks.upperBound }

    /// Brings every chunk as far as the other ranks allow; late stages first, while their data is in the
    /// cache.
    /// - Returns: whether any came further.
    func advance() throws(CollectiveError) -> Bool {
        var cameFurther = false
        while try moveOnce() { cameFurther = true }
        return cameFurther
    }

    private func moveOnce() throws(CollectiveError) -> Bool {
        var moved = true
        if drained < announced, counters.allPassed(.reduced, drained) {
            drain()
        } else if reduced < announced, counters.allPassed(.filled, reduced) {
            reduce()
        } else if filled < announced {
            moved = fill()
        } else {
            moved = false
        }
        return try relay() || moved
    }

    // MARK: Stages

    /// False if the slot is not free yet.
    private func fill() -> Bool {
        let operation = operation(filled)
        if operation.home == nil {
            guard filled < slotCount || counters.allPassed(.drained, filled - slotCount) else { return false }
            let range = operation.elements(filled)
            let slot = slot(filled, of: localRank)
            let own = share(localRank, of: range.count)
            let source = operation.base + range.lowerBound
            // The own share is read from the buffer itself.
            slot.update(from: source, count: own.lowerBound)
            (slot + own.upperBound).update(
                from: source + own.upperBound, count: range.count - own.upperBound)
        }
        filled += 1
        counters.publish(.filled, filled)
        return true
    }

    private func reduce() {
        let operation = operation(reduced)
        let range = operation.elements(reduced)
        let own = share(localRank, of: range.count)
        let mine = operation.base + range.lowerBound + own.lowerBound
        let target: UnsafeMutablePointer<Float>
        if let home = operation.home {
            target = mine
            let offset = range.lowerBound + own.lowerBound
            withParts({ operation.base(of: $0, in: home) + offset }) { parts, sources in
                if relayRing == nil {
                    cmpi_sum_into_all(parts, Int32(localSize), Int64(own.count))
                } else {
                    cmpi_sum_floats(target, nil, sources, Int32(localSize), Int64(own.count), 0)
                }
            }
        } else {
            target = slot(reduced, of: localRank) + own.lowerBound
            withParts({ $0 == localRank ? mine : slot(reduced, of: $0) + own.lowerBound }) { _, sources in
                cmpi_sum_floats(
                    target, relayRing == nil ? mine : nil, sources, Int32(localSize), Int64(own.count),
                    operation.isLarge ? 1 : 0)
            }
        }
        if let relayRing {
            relays.append(
                RingAllReduce(UnsafeMutableBufferPointer(start: target, count: own.count), on: relayRing))
        }
        reduced += 1
    }

    /// Moves the rings between the nodes, and lets the other ranks know which shares are final.
    /// - Returns: whether any ring came further.
    private func relay() throws(CollectiveError) -> Bool {
        var cameFurther = false
        if relayRing != nil {
            var arrived = 0
            for (index, ring) in relays.enumerated() {
                let advance = try ring.advance()
                if advance != .stuck { cameFurther = true }
                guard advance == .done, arrived == index else { continue }
                handOut(published + arrived)
                arrived += 1
            }
            relays.removeFirst(arrived)
        }
        guard reduced - relays.count > published else { return cameFurther }
        published = reduced - relays.count
        counters.publish(.reduced, published)
        return true
    }

    /// Writes the own share, summed over the nodes, into the memory of the other ranks.
    private func handOut(_ q: Int) {
        let operation = operation(q)
        guard let home = operation.home else { return }
        let range = operation.elements(q)
        let own = share(localRank, of: range.count)
        let offset = range.lowerBound + own.lowerBound
        for local in 0..<localSize where local != localRank {
            cmpi_copy_floats(
                operation.base(of: local, in: home) + offset, operation.base + offset, Int64(own.count),
                operation.isLarge ? 1 : 0)
        }
    }

    private func drain() {
        let operation = operation(drained)
        if operation.home == nil {
            let range = operation.elements(drained)
            let target = operation.base + range.lowerBound
            for local in 0..<localSize where local != localRank || relayRing != nil {
                let part = share(local, of: range.count)
                cmpi_copy_floats(
                    target + part.lowerBound, slot(drained, of: local) + part.lowerBound,
                    Int64(part.count), operation.isLarge ? 1 : 0)
            }
        }
        drained += 1
        counters.publish(.drained, drained)
        if drained == operation.chunks.upperBound { queue.removeFirst() }
    }

    // MARK: Places

    /// The sum chunk q belongs to.
    private func operation(_ q: Int) -> WindowAllReduce {
        guard let operation = queue.first(where: { $0.chunks.contains(q) }) else {
            preconditionFailure(
                "chunk \(q) belongs to no sum under way; \(drained) ..< \(announced) are open")
        }
        return operation
    }

    private func share(_ local: Int, of count: Int) -> Range<Int> {
        let exact = (count + localSize - 1) / localSize
        let length = (exact + Self.shareAlignment - 1) / Self.shareAlignment * Self.shareAlignment
        return min(local * length, count)..<min((local + 1) * length, count)
    }

    private func slot(_ q: Int, of local: Int) -> UnsafeMutablePointer<Float> {
        (memory.bases[local] + Self.headerByteCount + NodeMailbox.byteCount)
            .assumingMemoryBound(to: Float.self) + q % slotCount * slotElementCount
    }

    /// Calls the body with one address per rank of the node, to write and to read.
    private func withParts(
        _ part: (_ local: Int) -> UnsafeMutablePointer<Float>,
        _ body: (
            _ parts: UnsafePointer<UnsafeMutablePointer<Float>?>,
            _ sources: UnsafePointer<UnsafePointer<Float>?>
        ) -> Void
    ) {
        withUnsafeTemporaryAllocation(of: UnsafeMutablePointer<Float>?.self, capacity: localSize) { parts in
            withUnsafeTemporaryAllocation(of: UnsafePointer<Float>?.self, capacity: localSize) { sources in
                for local in 0..<localSize {
                    parts[local] = part(local)
                    sources[local] = UnsafePointer(parts[local])
                }
                guard let first = parts.baseAddress, let source = sources.baseAddress else { return }
                body(UnsafePointer(first), UnsafePointer(source))
            }
        }
    }
}
