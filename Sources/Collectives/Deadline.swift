internal import CMPI
internal import Glibc

/// The patience of one wait: how long it lasts and how it passes the time.
struct Deadline {
    /// Tests of the first microseconds, when an answer is usually near.
    private static let spinCount = 64
    /// Past this many seconds nothing is near, and a core is better left to others.
    private static let restlessSeconds = 2.0
    private static let restMicroseconds: UInt32 = 100

    private let start = ContinuousClock.now
    private let limitSeconds: Double
    private var pauseCount = 0

    init(seconds: Double) { limitSeconds = seconds }

    var elapsedSeconds: Double { (ContinuousClock.now - start) / .seconds(1) }

    /// Waits a moment; false once the deadline has passed.
    ///
    /// Yields rather than sleeps: transfers move only while somebody tests them, and a yield costs under a
    /// microsecond when nobody else wants the core.
    mutating func pause() -> Bool {
        pauseCount += 1
        if pauseCount <= Self.spinCount {
            cmpi_relax()
            return true
        }
        let elapsed = elapsedSeconds
        if elapsed < Self.restlessSeconds {
            sched_yield()
        } else {
            usleep(Self.restMicroseconds)
        }
        return elapsed < limitSeconds
    }
}
