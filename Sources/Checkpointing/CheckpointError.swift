/// A checkpoint or weights file cannot be read, used or written. Reads as one line.
package struct CheckpointError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable {
        /// The file or folder is not there or cannot be opened (exit 66).
        case missing
        /// The contents are not what was once written (exit 65).
        case damaged
        /// The contents are sound, but not what was asked for (exit 65).
        case mismatch
        /// The file cannot be created (exit 73).
        case creation
        /// The file cannot be written to its end, for instance because the disk is full (exit 74).
        case output
    }

    package let kind: Kind
    package let path: String
    /// The tensor at fault, where it can be told.
    package let tensor: String?
    package let message: String
    /// What the user can do about it.
    package let hint: String?

    package init(_ kind: Kind, path: String, tensor: String? = nil, _ message: String, hint: String? = nil) {
        self.kind = kind
        self.path = path
        self.tensor = tensor
        self.message = message
        self.hint = hint
    }

    /// The program's exit code for this error, in the numbering of sysexits.h.
    package var exitCode: Int32 {
        switch kind {
        case .missing: 66
        case .damaged, .mismatch: 65
        case .creation: 73
        case .output: 74
        }
    }

    package var description: String {
        let place = tensor.map { "\(path): tensor '\($0)'" } ?? path
        return "\(place): \(message)" + (hint.map { " (\($0))" } ?? "")
    }
}
