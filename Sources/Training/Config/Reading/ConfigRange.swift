/// Which numbers a key takes.
struct ConfigRange: Sendable {
    /// Completes "expected a number …".
    let text: String
    let contains: @Sendable (Double) -> Bool

    static let any = ConfigRange(text: "", contains: { _ in true })
    static let positive = ConfigRange(text: " above 0", contains: { $0 > 0 })
    static let notNegative = ConfigRange(text: " of 0 or more", contains: { $0 >= 0 })
    /// A share, a probability, a momentum.
    static let fraction = ConfigRange(text: " from 0 to 1", contains: { (0...1).contains($0) })
    static let belowOne = ConfigRange(text: " from 0 to below 1", contains: { (0..<1).contains($0) })
}
