/// One sum through a node's shared window; the window moves all of its sums together.
final class WindowAllReduce: ReductionMachine {
    /// Sums from here on leave the caches before they are used again; measured between 2 ranks of a node (Zen 5).
    private static let largeByteCount = 4 << 20

    /// The chunks of the window's numbering that are this sum's.
    let chunks: Range<Int>
    let elementCount: Int
    /// Elements of every chunk but the last.
    let chunkElementCount: Int
    /// Whether the result goes past the caches: it would not stay there until it is used.
    let isLarge: Bool
    /// Memory the ranks of the node share and in which the numbers lie already, and where; nil for memory of one's own.
    let home: (memory: NodeMemory, position: Int)?
    private let start: UnsafeMutablePointer<Float>?
    private let window: NodeWindow

    init(
        _ buffer: UnsafeMutableBufferPointer<Float>, chunks: Range<Int>, of chunkElementCount: Int,
        home: (memory: NodeMemory, position: Int)?, in window: NodeWindow
    ) {
        self.chunks = chunks
        self.chunkElementCount = chunkElementCount
        self.home = home
        elementCount = buffer.count
        isLarge = buffer.count * MemoryLayout<Float>.stride >= Self.largeByteCount
        start = buffer.baseAddress
        self.window = window
    }

    var base: UnsafeMutablePointer<Float> {
        guard let start else { preconditionFailure("a sum of \(elementCount) elements without memory") }
        return start
    }

    /// The same numbers of another rank of the node.
    func base(of local: Int, in home: (memory: NodeMemory, position: Int)) -> UnsafeMutablePointer<Float> {
        (home.memory.bases[local] + home.position).assumingMemoryBound(to: Float.self)
    }

    /// The elements of a chunk of the window's numbering.
    func elements(_ q: Int) -> Range<Int> {
        let start = (q - chunks.lowerBound) * chunkElementCount
        return start..<min(start + chunkElementCount, elementCount)
    }

    func advance() throws(CollectiveError) -> ReductionAdvance {
        let moved = try window.advance()
        return window.isDone(self) ? .done : moved ? .moved : .stuck
    }
}
