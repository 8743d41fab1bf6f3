internal import Foundation
internal import Synchronization

/// A request from outside to stop at the next step: SIGUSR1 (a batch system's warning), SIGTERM, SIGINT.
package enum StopSignal {
    /// Atomic because a handler may run on any thread.
    private static let requests = Atomic<Int>(0)

    /// Installs the handlers. A second SIGINT ends the process at once.
    package static func watch() {
        var watched = sigset_t()
        sigemptyset(&watched)
        for number in [SIGUSR1, SIGTERM, SIGINT] {
            sigaddset(&watched, number)
            signal(number) { received in
                let before = StopSignal.requests.add(1, ordering: .relaxed).oldValue
                if received == SIGINT, before > 0 { _exit(130) }
            }
        }
        // Whoever started this process may have blocked them, and a blocked signal is a request nobody hears.
        pthread_sigmask(SIG_UNBLOCK, &watched, nil)
    }

    package static var isRequested: Bool { requests.load(ordering: .relaxed) > 0 }
}
