internal import CMPI

/// How many chunks each rank of a node has brought past each stage, counted in shared memory.
final class StageCounters {
    enum Stage: Int, CaseIterable { case filled, reduced, drained }

    /// A counter has two cache lines for itself, because processors fetch them in pairs.
    private static let stride = 128
    static let byteCount = Stage.allCases.count * stride

    private let memory: NodeMemory
    /// How far all ranks were at last look, by stage.
    private var seen = [0, 0, 0]

    /// The counters lie at the start of each rank's part, which is zeros.
    init(in memory: NodeMemory) { self.memory = memory }

    /// Also publishes everything this rank wrote before.
    func publish(_ stage: Stage, _ count: Int) {
        cmpi_counter_publish(memory.bases[memory.localRank] + stage.rawValue * Self.stride, UInt64(count))
    }

    /// Whether every rank has brought chunk q past the stage; what it wrote before can then be read.
    func allPassed(_ stage: Stage, _ q: Int) -> Bool {
        if seen[stage.rawValue] > q { return true }
        var least = UInt64.max
        for base in memory.bases {
            least = min(least, cmpi_counter_read(base + stage.rawValue * Self.stride))
        }
        seen[stage.rawValue] = Int(least)
        return least > UInt64(q)
    }
}
