/// What stops a run, on one line.
package struct TrainingError: Error, Sendable, CustomStringConvertible {
    package enum Kind: Sendable {
        /// A loss or gradient is infinite or not a number (exit 77).
        case nonFinite
        /// Settings that cannot work together (exit 78).
        case configuration
        /// A file whose contents do not fit (exit 65).
        case badInput
        /// A file that cannot be written (exit 74).
        case output
        /// Asked to stop where nothing is lost (exit 75).
        case stopped
    }

    package let kind: Kind
    package let message: String
    package let hint: String?

    package init(_ kind: Kind, _ message: String, hint: String? = nil) {
        (self.kind, self.message, self.hint) = (kind, message, hint)
    }

    package var description: String { hint.map { "\(message) (\($0))" } ?? message }
}
