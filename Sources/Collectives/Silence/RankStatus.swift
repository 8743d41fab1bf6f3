/// Where a rank is in its run, as its node's board tells it.
package struct RankStatus: Sendable, Equatable {
    package var rank: Int
    package var hostName = ""
    /// The step under way; nil before the first.
    package var step: Int?
    package var phase = ""
    /// The collective it waits in; nil while it computes.
    package var waitsIn: String?
    /// Waits begun so far: all ranks make the same ones in the same order.
    package var waitCount = 0
    /// Since phase or wait began.
    package var seconds = 0.0
    /// Since the rank's heartbeat was last seen.
    package var silentSeconds = 0.0

    /// Heartbeats come twice a second; past this the process does not run.
    private static let stoppedSeconds = 3.0

    package init(rank: Int) { self.rank = rank }

    /// Whether its process does not run, or its host.
    package var isStopped: Bool { silentSeconds > Self.stoppedSeconds }

    /// "rank 1 on node07 (step 17, forward, for 8.2 s; no heartbeat for 7.9 s: stopped, or its host is)".
    package var description: String {
        let place = step.map { "step \($0), \(phase)" } ?? (phase.isEmpty ? "starting" : phase)
        let wait = waitsIn.map { ", in \($0)" } ?? ""
        let heart =
            isStopped
            ? "no heartbeat for \(Self.tenths(silentSeconds)) s: stopped, or its host is" : "alive"
        return "rank \(rank) on \(hostName) (\(place)\(wait), for \(Self.tenths(seconds)) s; \(heart))"
    }

    static func tenths(_ seconds: Double) -> String { "\((seconds * 10).rounded() / 10)" }
}
