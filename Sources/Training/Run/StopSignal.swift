internal import Foundation
internal import Synchronization

/// A request from outside to stop at the next step: SIGUSR1 (a batch system's warning), SIGTERM, SIGINT.
///
/// A thread of its own hears them. oneDNN's matrix products have the stack pointer in a block of the heap meanwhile, and a
/// handler that interrupts one of them writes its frame over whatever lies in front of that block.
package enum StopSignal {
    /// Atomic because threads that were there before may hear signals as well.
    private static let requests = Atomic<Int>(0)
    private static let numbers = [SIGUSR1, SIGTERM, SIGINT]

    /// Installs the handlers; threads that this one starts from now on are not interrupted by them. A second SIGINT ends
    /// the process at once.
    package static func watch() {
        for number in numbers {
            signal(number) { received in
                let before = StopSignal.requests.add(1, ordering: .relaxed).oldValue
                if received == SIGINT, before > 0 { _exit(130) }
            }
        }
        mask(SIG_BLOCK)
        Thread.detachNewThread {
            mask(SIG_UNBLOCK)
            while true { pause() }
        }
    }

    /// Blocks or unblocks the signals on this thread.
    private static func mask(_ how: Int32) {
        var watched = sigset_t()
        sigemptyset(&watched)
        for number in numbers { sigaddset(&watched, number) }
        pthread_sigmask(how, &watched, nil)
    }

    package static var isRequested: Bool { requests.load(ordering: .relaxed) > 0 }
}
