/// One sum through a node's shared window; the window moves all of its sums together.
final class WindowAllReduce: ReductionMachine {
    private static let largeByteCount = 4 << 20

    /// The chunks of the window's numbering that are this sum's.
    let chunks: Range<Int>
    let elementCount: Int
    /// Whether the result goes past the caches: it would not stay there until it is used.
    let isLarge: Bool
    private let start: UnsafeMutablePointer<Float>?
    private let window: NodeWindow

    init(_ buffer: UnsafeMutableBufferPointer<Float>, chunks: Range<Int>, in window: NodeWindow) {
        self.chunks = chunks
        elementCount = buffer.count
        isLarge = buffer.count * MemoryLayout<Float>.stride >= Self.largeByteCount
        start = buffer.baseAddress
        self.window = window
    }

    var base: UnsafeMutablePointer<Float> {
        guard let start else { preconditionFailure("a sum of \(elementCount) elements without memory") }
        return start
    }

    func advance() throws(CollectiveError) -> Bool {
        try window.advance()
        return window.isDone(self)
    }
}
