internal import Foundation

/// This process's memory as the system counts it.
package enum ProcessMemory {
    /// Largest resident size so far, in bytes.
    package static var peakByteCount: Int {
        var usage = rusage()
        // RUSAGE_SELF, whose Swift import has another type than the parameter.
        getrusage(0, &usage)
        return usage.ru_maxrss * 1024
    }
}
