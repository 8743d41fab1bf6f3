import Foundation
import Synchronization

@testable import Checkpointing

/// The system's calls, of which the one with a given number fails, counted over all three kinds.
final class FailingCalls: Sendable {
    private let count = Mutex(0)
    private let failing: Int
    private let code: Int32

    /// - failing: from 0; beyond the last one none fails.
    init(failing: Int, code: Int32) {
        self.failing = failing
        self.code = code
    }

    /// Calls made so far.
    var callCount: Int { count.withLock { $0 } }

    private func fails() -> Bool {
        let number = count.withLock { value in
            defer { value += 1 }
            return value
        }
        if number == failing { errno = code }
        return number == failing
    }

    /// A write that meets a full disk takes what still has room first.
    var calls: FileCalls {
        let system = FileCalls.system
        return FileCalls(
            write: { descriptor, bytes, count in
                guard self.fails() else { return system.write(descriptor, bytes, count) }
                if self.code == ENOSPC { _ = system.write(descriptor, bytes, count / 3) }
                errno = self.code
                return -1
            },
            sync: { self.fails() ? -1 : system.sync($0) },
            rename: { self.fails() ? -1 : system.rename($0, $1) })
    }
}
