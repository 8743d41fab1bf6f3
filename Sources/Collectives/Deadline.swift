internal import CMPI
internal import Glibc

/// The patience of one wait: how long it lasts and how it passes the time.
struct Deadline {
    /// Tests before the clock is read at all.
    private static let eagerCount = 64
    /// Past this many seconds nothing is near, and a core is better left to others.
    private static let restlessSeconds = 2.0
    private static let restMicroseconds: UInt32 = 100

    /// A process that did not look at the clock for so long did not run, as when a batch system suspends a job.
    private static let suspensionSeconds = 1.0

    private var start = ContinuousClock.now
    private let limitSeconds: Double
    private let spinSeconds: Double
    private var pauseCount = 0
    private var lastLookSeconds = 0.0
    private var suspendedSeconds = 0.0

    /// - spinSeconds: how long to keep the core; see `spinSeconds(on:)`.
    init(seconds: Double, spinSeconds: Double) {
        limitSeconds = seconds
        self.spinSeconds = spinSeconds
    }

    /// With a core for every rank, a millisecond: a yield to a loader thread costs a whole time slice, 3 ms
    /// and more. With fewer cores the peer waited for needs this one.
    static func spinSeconds(on topology: Topology) -> Double {
        topology.localSize <= topology.nodeProcessorCount ? 0.001 : 0
    }

    /// Whether it has lasted so long that it is worth looking around.
    var isLong: Bool { lastLookSeconds - suspendedSeconds > Self.restlessSeconds / 2 }

    var elapsedSeconds: Double { (ContinuousClock.now - start) / .seconds(1) }

    /// Something came: what is waited for is not silent, and its next part is near.
    ///
    /// A wait that moves 132 MB between hosts would otherwise yield from its second millisecond on, and every yield to
    /// another process costs a time slice (two hosts of a core each beside a compiler: 218 ms instead of 104).
    mutating func restart() { pauseCount = 0 }

    /// Waits a moment; false once the deadline has passed. Time in which this process did not run does not count.
    ///
    /// After spinning it yields rather than sleeps: transfers move only while somebody tests them, and a
    /// yield costs under a microsecond when nobody else wants the core.
    mutating func pause() -> Bool {
        pauseCount += 1
        if pauseCount <= Self.eagerCount {
            cmpi_relax()
            return true
        }
        // The first look since the beginning or a restart.
        if pauseCount == Self.eagerCount + 1 {
            start = ContinuousClock.now
            (lastLookSeconds, suspendedSeconds) = (0, 0)
        }
        let elapsed = elapsedSeconds
        if elapsed - lastLookSeconds > Self.suspensionSeconds {
            suspendedSeconds += elapsed - lastLookSeconds
        }
        lastLookSeconds = elapsed
        if elapsed < spinSeconds {
            cmpi_relax()
        } else if elapsed < Self.restlessSeconds {
            sched_yield()
        } else {
            usleep(Self.restMicroseconds)
        }
        return elapsed - suspendedSeconds < limitSeconds
    }
}
