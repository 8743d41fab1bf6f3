/// Something outside is wrong with data: a file, an image, an annotation. Reads as one line.
package struct DataError: Error, Sendable, CustomStringConvertible {
    package enum Kind: Sendable {
        /// Contents cannot be used (exit 65).
        case badInput
        /// A file or folder is not there or cannot be read (exit 66).
        case missingInput
        /// A file cannot be created or written (exit 73 or 74).
        case output
        /// What was asked for makes no sense (exit 64).
        case usage
    }

    package let kind: Kind
    /// What and where: file, image id, annotation id, byte offset.
    package let message: String
    /// What the user can do about it.
    package let hint: String?

    package init(_ kind: Kind, _ message: String, hint: String? = nil) {
        self.kind = kind
        self.message = message
        self.hint = hint
    }

    package var description: String { hint.map { "\(message) (\($0))" } ?? message }
}
