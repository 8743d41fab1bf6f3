internal import Foundation
package import Logging

/// One JSON object per line in `metrics.jsonl`, appended on rank 0: what curves are drawn from.
package final class MetricsLog {
    package static let fileName = "metrics.jsonl"
    private let handle: FileHandle
    private let path: String
    private var hasWarned = false
    private let log: Logger
    /// Steps after which the file already has a score.
    private(set) var evaluatedSteps: Set<Int> = []

    /// Opens the file for appending.
    /// - resumedStep: of a run that goes on, the updates done: what the file says of later ones will happen again, and
    ///   goes. nil for a run that begins.
    package init(folder: String, resumedStep: Int? = nil, log: Logger) throws {
        self.log = log
        path = "\(folder)/\(Self.fileName)"
        if let resumedStep { evaluatedSteps = try Self.cut(path, after: resumedStep) }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        guard descriptor >= 0 else {
            throw TrainingError(
                .output, "\(path): \(String(cString: strerror(errno)))", hint: "check --work-dir")
        }
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    /// Drops lines of later steps, and one that a killed run has not written to its end.
    /// - Returns: the steps that are scored.
    private static func cut(_ path: String, after step: Int) throws -> Set<Int> {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [] }
        var evaluated: Set<Int> = []
        let kept = text.split(separator: "\n").filter { line in
            guard let record = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
                let number = record["step"] as? Int, number <= step
            else { return false }
            if record["kind"] as? String == "evaluation" { evaluated.insert(number) }
            return true
        }
        let whole = kept.map { $0 + "\n" }.joined()
        guard whole != text else { return evaluated }
        do {
            try Data(whole.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw TrainingError(.output, "\(path): \(error.localizedDescription)", hint: "is the disk full?")
        }
        return evaluated
    }

    /// Appends a line whole or not at all. One that cannot be written is no reason to end a run; the first is told.
    package func write(_ fields: [(name: String, value: Value)]) {
        let body = fields.map { "\"\($0.name)\":\($0.value.json)" }.joined(separator: ",")
        let end = (try? handle.seekToEnd()) ?? 0
        do { try handle.write(contentsOf: Data("{\(body)}\n".utf8)) } catch {
            ftruncate(handle.fileDescriptor, off_t(end))
            guard !hasWarned else { return }
            hasWarned = true
            log.warning("\(path) lacks lines from here on: \(error.localizedDescription); the run goes on")
        }
    }

    package enum Value {
        case integer(Int)
        case number(Double)
        case text(String)

        /// JSON has no infinities; they are written as null.
        fileprivate var json: String {
            switch self {
            case .integer(let value): "\(value)"
            case .number(let value): value.isFinite ? "\(value)" : "null"
            case .text(let value): "\"\(value)\""
            }
        }
    }
}
