internal import Logging
internal import Synchronization

/// A line every few seconds while images are worked on; called from any thread.
final class ProgressReporter: Sendable {
    private static let intervalSeconds = 2.0
    private let log: Logger
    private let what: String
    private let total: Int
    private let start = ContinuousClock.now
    private let last = Mutex(ContinuousClock.now)

    /// - total: images of this rank.
    init(log: Logger, what: String, total: Int) { (self.log, self.what, self.total) = (log, what, total) }

    func report(_ done: Int) {
        let now = ContinuousClock.now
        let isDue = last.withLock { last in
            guard (now - last) / .seconds(1) > Self.intervalSeconds || done == total else { return false }
            last = now
            return true
        }
        guard isDue else { return }
        let left = (now - start) / .seconds(1) / Double(done) * Double(total - done)
        log.info("\(what): image \(done)/\(total) of this rank, ETA \(ProgressLine.duration(left))")
    }
}
