/// A configuration cannot be understood or makes no sense (exit 78). Reads as one line.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The program's exit code for this error, in the numbering of sysexits.h.
    package static let exitCode: Int32 = 78

    /// File and line, or the override it comes from.
    package let origin: String
    /// The key with its sections, as in `optimizer.lr`; `nil` if the error is about no key.
    package let key: String?
    package let message: String
    /// What the user can do about it.
    package let hint: String?

    package init(origin: String, key: String? = nil, _ message: String, hint: String? = nil) {
        self.origin = origin
        self.key = key
        self.message = message
        self.hint = hint
    }

    package var description: String {
        let place = key.map { "\(origin): \($0)" } ?? origin
        return "\(place): \(message)" + (hint.map { " (\($0))" } ?? "")
    }
}
