import Dispatch
import Foundation

/// A started process whose output goes to files.
final class RunningProgram {
    private let process = Process()
    private let logs: WorkFolder
    private let ended = DispatchSemaphore(value: 0)
    /// Far beyond what any run here takes on an idle machine.
    private static let limitSeconds = 300.0

    /// - command: a program in the search path, and its arguments.
    /// - blocksSignals: as some launchers leave it to their children.
    init(_ command: [String], in folder: String, blocksSignals: Bool = false) throws {
        logs = try WorkFolder()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.environment = Program.environment
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try logs.opened("output")
        process.standardError = try logs.opened("errors")
        process.terminationHandler = { [ended] _ in ended.signal() }
        // A child inherits the mask; threads of tests block everything.
        var mask = sigset_t()
        var before = sigset_t()
        if blocksSignals { sigfillset(&mask) } else { sigemptyset(&mask) }
        pthread_sigmask(SIG_SETMASK, &mask, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try process.run()
    }

    /// Whether a process runs or could run again; what its parent has not asked after yet is dead all the same.
    static func isAlive(_ identifier: Int32) -> Bool {
        guard let text = try? String(contentsOfFile: "/proc/\(identifier)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return false }
        return !["Z", "X"].contains(text[text.index(after: end)...].split(separator: " ").first ?? "")
    }

    /// Whether a process ends by itself in that time.
    static func isGone(_ identifier: Int32, within seconds: Double) -> Bool {
        let start = ContinuousClock.now
        while isAlive(identifier) {
            if (ContinuousClock.now - start) / .seconds(1) > seconds { return false }
            usleep(10_000)
        }
        return true
    }

    var identifier: Int32 { process.processIdentifier }

    /// The processes of the job's ranks, while it runs under a launcher.
    func ranks() throws -> [Int32] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }.filter { id in
            guard
                let status = try? String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8),
                status.contains("\nPPid:\t\(identifier)\n"),
                let variables = FileManager.default.contents(atPath: "/proc/\(id)/environ")
            else { return false }
            return String(decoding: variables, as: UTF8.self).contains("OMPI_COMM_WORLD_RANK=")
        }.sorted()
    }

    /// The threads that a signal may interrupt; the main thread has the process's number.
    func threadsHearing(_ signal: Int32) throws -> [Int32] {
        let folder = "/proc/\(identifier)/task"
        return try FileManager.default.contentsOfDirectory(atPath: folder).compactMap { Int32($0) }.filter {
            thread in
            let status = try String(contentsOfFile: "\(folder)/\(thread)/status", encoding: .utf8)
            let blocked = status.firstMatch(of: /SigBlk:\t([0-9a-f]+)/).flatMap { UInt64($0.1, radix: 16) }
            return (blocked ?? 0) >> UInt64(signal - 1) & 1 == 0
        }
    }

    /// Waits until the condition holds; a run that ends sooner, or takes too long, fails the test.
    func wait(until condition: () throws -> Bool) throws {
        let start = ContinuousClock.now
        while try !condition() {
            guard process.isRunning, (ContinuousClock.now - start) / .seconds(1) < Self.limitSeconds else {
                send(SIGKILL)
                throw UnexpectedResult(
                    "\(process.arguments ?? []) did not come so far:\n\(try logs.text("errors"))")
            }
            usleep(10_000)
        }
    }

    func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

    /// Waits for the end; a run that does not come to one is stopped, and the test fails.
    func finish() throws -> Outcome {
        guard ended.wait(timeout: .now() + Self.limitSeconds) == .success else {
            send(SIGKILL)
            throw UnexpectedResult("\(process.arguments ?? []) did not end:\n\(try logs.text("errors"))")
        }
        let wasKilled = process.terminationReason == .uncaughtSignal
        return Outcome(
            status: wasKilled ? -process.terminationStatus : process.terminationStatus,
            output: try logs.text("output"), errors: try logs.text("errors"))
    }
}

/// Something that a test cannot go on without.
struct UnexpectedResult: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
