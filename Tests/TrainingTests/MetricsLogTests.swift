import Foundation
import Logging
import Testing

@testable import Training

@Suite struct MetricsLogTests {
    private let folder: String
    private let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init() throws {
        folder =
            FileManager.default.temporaryDirectory.appendingPathComponent("metrics-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private var text: String {
        get throws { try String(contentsOfFile: "\(folder)/metrics.jsonl", encoding: .utf8) }
    }

    /// A killed run wrote of steps after its last checkpoint, and the last line only in part.
    @Test func aResumedRunTellsNoStepTwice() throws {
        let lines = [
            #"{"step":1,"loss":3}"#, #"{"step":2,"loss":2}"#, #"{"step":2,"kind":"evaluation","AP":0.1}"#,
            #"{"step":3,"loss":1}"#, #"{"step":3,"kind":"evaluation","AP":0.2}"#, #"{"step":4,"lo"#,
        ]
        try lines.joined(separator: "\n").write(
            toFile: "\(folder)/metrics.jsonl", atomically: false, encoding: .utf8)
        let metrics = try MetricsLog(folder: folder, resumedStep: 2, log: log)
        #expect(metrics.evaluatedSteps == [2])
        metrics.write([("step", .integer(3)), ("loss", .number(0.5))])
        #expect(try text == (lines[..<3] + [#"{"step":3,"loss":0.5}"#, ""]).joined(separator: "\n"))
    }

    @Test func aRunThatBeginsLeavesWhatIsThere() throws {
        try "{\"step\":9}\n".write(toFile: "\(folder)/metrics.jsonl", atomically: false, encoding: .utf8)
        try MetricsLog(folder: folder, log: log).write([("step", .integer(1))])
        #expect(try text == "{\"step\":9}\n{\"step\":1}\n")
    }

    /// /dev/full takes nothing, as a full disk.
    @Test func aFullDiskIsNoReasonToStop() throws {
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder)/metrics.jsonl", withDestinationPath: "/dev/full")
        let metrics = try MetricsLog(folder: folder, log: log)
        metrics.write([("step", .integer(1))])
        metrics.write([("step", .integer(2))])
    }
}
