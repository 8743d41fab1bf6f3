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

/// How the C library hands out memory.
enum Allocator {
    /// `M_TRIM_THRESHOLD` and `M_MMAP_THRESHOLD` of malloc.h, which Swift's Glibc module leaves out.
    private static let (trimThreshold, mapThreshold): (Int32, Int32) = (-1, -3)

    /// Keeps pictures' memory for the next picture. By default, glibc gives blocks of some megabytes back to the system at
    /// once and gets them anew page by page: half of a loader's time (113 to 229 images a second of 800x1067). A user's
    /// MALLOC_TRIM_THRESHOLD_ and MALLOC_MMAP_THRESHOLD_ stand; another C library is left alone.
    static func keepFreedMemory() {
        let environment = ProcessInfo.processInfo.environment
        guard environment["MALLOC_TRIM_THRESHOLD_"] == nil, environment["MALLOC_MMAP_THRESHOLD_"] == nil,
            let symbol = dlsym(nil, "mallopt")
        else { return }
        typealias Option = @convention(c) (Int32, Int32) -> Int32
        let option = unsafeBitCast(symbol, to: Option.self)
        // The most that glibc takes; below it, a gigabyte of freed memory is kept at the heap's end.
        _ = option(mapThreshold, 32 << 20)
        _ = option(trimThreshold, 1 << 30)
    }
}
