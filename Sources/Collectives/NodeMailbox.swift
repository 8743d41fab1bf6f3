internal import CMPI

/// Joins small numbers over the ranks of a node with one wait: everyone posts, everyone reads everything.
///
/// Letters take turns in two places. A rank that posts letter q has read all letters q - 2, and one that has seen all
/// letters q - 1 knows so; thus a place is free when its turn comes, without a second wait. All ranks join in the
/// order of the ranks, so all hold the same bits.
final class NodeMailbox {
    /// Reading every letter costs ranks times this; past it, sharing the work is faster.
    static let capacityByteCount = 64 << 10
    static let byteCount = 2 * capacityByteCount
    /// Looks at the counters before a wait with a deadline begins.
    private static let eagerLooks = 2000

    private let memory: NodeMemory
    private let counterPosition: Int
    private let lettersPosition: Int
    private let largestByteCount: Int
    private var posted = 0
    private var arrivedRanks = 0

    /// - counterPosition, lettersPosition: bytes from the start of each rank's part.
    init(in memory: NodeMemory, counterPosition: Int, lettersPosition: Int) {
        self.memory = memory
        self.counterPosition = counterPosition
        self.lettersPosition = lettersPosition
        largestByteCount = min(Self.capacityByteCount, (4 * Self.capacityByteCount) / memory.localSize)
    }

    func takes(_ byteCount: Int) -> Bool { byteCount <= largestByteCount }

    func post(_ bytes: UnsafeRawPointer, byteCount: Int) {
        posted += 1
        letter(of: memory.localRank).copyMemory(from: bytes, byteCount: byteCount)
        arrivedRanks = 0
        cmpi_counter_publish(memory.bases[memory.localRank] + counterPosition, UInt64(posted))
    }

    /// Whether every rank's letter is there.
    func isComplete() -> Bool {
        while arrivedRanks < memory.localSize {
            let count = cmpi_counter_read(memory.bases[arrivedRanks] + counterPosition)
            guard count >= UInt64(posted) else { return false }
            arrivedRanks += 1
        }
        return true
    }

    /// Looks for a moment; false if a longer wait is due.
    func isCompleteSoon() -> Bool {
        for _ in 0..<Self.eagerLooks {
            if isComplete() { return true }
            cmpi_relax()
        }
        return false
    }

    /// To be called once the letters are complete.
    func join(into target: UnsafeMutableRawPointer, count: Int, _ type: cmpi_type, _ operation: cmpi_op) {
        withUnsafeTemporaryAllocation(of: UnsafeRawPointer?.self, capacity: memory.localSize) { letters in
            for local in 0..<memory.localSize { letters[local] = UnsafeRawPointer(letter(of: local)) }
            cmpi_join(target, letters.baseAddress, Int32(memory.localSize), Int64(count), type, operation)
        }
    }

    /// The place of the letter posted last.
    private func letter(of local: Int) -> UnsafeMutableRawPointer {
        memory.bases[local] + lettersPosition + posted % 2 * Self.capacityByteCount
    }
}
