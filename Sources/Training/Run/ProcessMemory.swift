internal import Foundation

/// This process's memory as the system counts it.
package enum ProcessMemory {
    /// Largest resident size so far, in bytes.
    package static var peakByteCount: Int {
        var usage = rusage()
        getrusage(RUSAGE_SELF, &usage)
        return usage.ru_maxrss * 1024
    }
}
