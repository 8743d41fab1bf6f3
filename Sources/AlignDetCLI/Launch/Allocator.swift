internal import Foundation

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
