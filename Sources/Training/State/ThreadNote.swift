internal import Tensors

/// The threads a rank computed with, as checkpoints tell it.
enum ThreadNote {
    static let key = "threads"
    static var text: String { String(ThreadBudget.count) }
    static var entry: [String: String] { [key: text] }
}
