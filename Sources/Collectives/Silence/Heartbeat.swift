internal import Dispatch
internal import Foundation

/// A thread that signs this rank's row twice a second: what stops the process stops it, too.
final class Heartbeat {
    private static let intervalSeconds = 0.5

    private let stopped = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)
    private var isStopped = false

    /// - beat: called on the thread; what it writes to lives until `stop` returns.
    init(_ beat: @escaping @Sendable () -> Void) {
        Thread.detachNewThread { [stopped, ended] in
            while stopped.wait(timeout: .now() + Self.intervalSeconds) == .timedOut { beat() }
            ended.signal()
        }
    }

    /// Ends the thread.
    func stop() {
        guard !isStopped else { return }
        isStopped = true
        stopped.signal()
        ended.wait()
    }
}
