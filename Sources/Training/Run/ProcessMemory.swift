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

    /// Resident size now, in bytes; nil where the system has no `/proc`.
    package static var currentByteCount: Int? {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return nil }
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        return pages.map { $0 * Int(getpagesize()) }
    }
}
