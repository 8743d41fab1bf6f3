internal import Collectives
internal import Foundation
internal import Tensors

/// Threads of a rank against the cores it may use.
enum Placement {
    /// Cores this process is bound to, or all of the machine's.
    static var usableCoreCount: Int { ThreadBudget.usableCoreCount }

    static var machineCoreCount: Int { ProcessInfo.processInfo.processorCount }

    /// `OMP_NUM_THREADS`, where somebody set it.
    static var askedThreadCount: Int? {
        ProcessInfo.processInfo.environment["OMP_NUM_THREADS"].flatMap { Int($0) }
    }

    /// Compute threads of one rank: what was asked for, else this rank's share of the cores.
    static func threadCount(_ topology: Topology) -> Int {
        if let asked = askedThreadCount, asked >= 1 { return asked }
        return max(1, min(usableCoreCount, machineCoreCount / max(1, topology.localSize)))
    }

    /// For verbs that run as one process: all usable cores unless told otherwise.
    static func applyAlone() { ThreadBudget.count = max(1, askedThreadCount ?? usableCoreCount) }

    static func apply(_ topology: Topology) { ThreadBudget.count = threadCount(topology) }
}
