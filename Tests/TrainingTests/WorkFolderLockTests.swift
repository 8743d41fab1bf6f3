import Foundation
import Logging
import Testing

@testable import Training

@Suite struct WorkFolderLockTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
        "lock-\(UUID().uuidString)"
    ).path
    private let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private var file: String { "\(folder)/run.lock" }

    private func lock() throws -> WorkFolderLock {
        try WorkFolderLock(folder: folder, log: log, beatSeconds: 0.05)
    }

    private func write(_ text: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try text.write(toFile: file, atomically: false, encoding: .utf8)
    }

    @Test func itComesAndGoesWithItsHolder() throws {
        let held = try lock()
        #expect(FileManager.default.fileExists(atPath: file))
        held.release()
        #expect(!FileManager.default.fileExists(atPath: file))
        try lock().release()
    }

    @Test func aSecondHolderIsRefusedAndTheFirstStays() throws {
        let held = try lock()
        let error = #expect(throws: TrainingError.self) { try lock() }
        #expect(error?.kind == .configuration)
        #expect(error?.description.contains("\(ProcessInfo.processInfo.hostName) \(getpid())") == true)
        #expect(FileManager.default.fileExists(atPath: file))
        held.release()
    }

    /// The kernel says that nobody holds it.
    @Test func aDeadHolderOfThisHostIsFollowedAtOnce() throws {
        try write("\(ProcessInfo.processInfo.hostName) 999999999 7\n")
        try lock().release()
    }

    @Test(arguments: ["elsewhere 12 7\n", ""]) func aHolderElsewhereThatSignsNoMoreIsFollowed(
        last: String
    ) throws {
        try write(last)
        try lock().release()
    }

    /// Whether its first signature can be read or, as in the moment between the file's making and that, is not there yet.
    @Test(arguments: ["elsewhere 12 7\n", ""]) func aHolderElsewhereThatStillSignsIsLeftAlone(
        first: String
    ) throws {
        try write(first)
        let path = file
        let signer = Thread {
            for count in 8..<60 {
                try? "elsewhere 12 \(count)\n".write(toFile: path, atomically: false, encoding: .utf8)
                usleep(20_000)
            }
        }
        signer.start()
        let error = #expect(throws: TrainingError.self) { try lock() }
        #expect(error?.message.contains("elsewhere 12") == true)
        signer.cancel()
    }

    @Test func aFolderThatCannotBeMadeIsAnOutputError() throws {
        try write("x")
        let error = #expect(throws: TrainingError.self) { try WorkFolderLock(folder: file, log: log) }
        #expect(error?.kind == .output)
    }
}
