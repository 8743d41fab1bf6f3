internal import Foundation

/// One JSON object per line in `metrics.jsonl`, appended on rank 0: what curves are drawn from.
package final class MetricsLog {
    package static let fileName = "metrics.jsonl"
    private let handle: FileHandle
    private let path: String

    /// Opens the file for appending; a resumed run goes on in the same file.
    package init(folder: String) throws {
        path = "\(folder)/\(Self.fileName)"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        guard descriptor >= 0 else {
            throw TrainingError(.output, "\(path): \(String(cString: strerror(errno)))", hint: "check --work-dir")
        }
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    package func write(_ fields: [(name: String, value: Value)]) throws {
        let body = fields.map { "\"\($0.name)\":\($0.value.json)" }.joined(separator: ",")
        do { try handle.write(contentsOf: Data("{\(body)}\n".utf8)) } catch {
            throw TrainingError(.output, "\(path): \(error.localizedDescription)", hint: "is the disk full?")
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
