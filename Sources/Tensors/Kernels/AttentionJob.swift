internal import CKernels

/// One attention at work: plain pointers, read by every thread of the team; no two pieces write the same
/// place.
struct AttentionJob {
    typealias Body = (
        _ job: AttentionJob, _ item: Int, _ head: Int, _ scratch: Scratch
    ) -> Void

    /// Tokens [N, L, D] seen head by head, D columns of a tensor's rows.
    struct Operand {
        let base: UnsafeMutablePointer<Float>
        let tokens: Int
        /// Floats from a token to the next.
        let stride: Int
        let headWidth: Int

        /// - width: channels of all heads; column: the first of them.
        init(_ tensor: Tensor, heads: Int, width: Int, column: Int = 0) {
            (base, tokens, stride) = (tensor.floats + column, tensor.shape[1], tensor.shape[2])
            headWidth = width / heads
        }

        func view(_ item: Int, _ head: Int) -> MatrixView {
            MatrixView(
                base: base + item * tokens * stride + head * headWidth, rows: tokens, columns: headWidth,
                stride: stride)
        }
    }

    /// A thread's own memory for up to three blocks of scores.
    struct Scratch {
        let base: UnsafeMutablePointer<Float>
        let block: Int
        let keyCount: Int

        func matrix(_ i: Int, rows: Int) -> MatrixView {
            MatrixView(base: base + i * block * keyCount, rows: rows, columns: keyCount, stride: keyCount)
        }
    }

    let kernels: KernelSet
    let query: Operand
    let key: Operand
    let value: Operand
    let itemCount: Int
    let headCount: Int
    let chunkCount: Int
    let block: Int
    let padded: UnsafePointer<UInt8>?
    let mask: UnsafeMutablePointer<Float>?
    let windowCount: Int
    let bias: UnsafeMutablePointer<Float>?
    let dropout: DropoutMask?
    let body: Body
    /// The output, or its gradient.
    var output: Operand
    var sums: UnsafeMutablePointer<Float>
    var dq: Operand
    var dk: Operand
    var dv: Operand
    /// [chunks, H, Lq, Lk]
    var biasGradient: UnsafeMutablePointer<Float>?

    init(
        kernels: KernelSet, query: Operand, key: Operand, value: Operand, itemCount: Int, headCount: Int,
        chunkCount: Int, block: Int, padded: UnsafePointer<UInt8>?, mask: UnsafeMutablePointer<Float>?,
        windowCount: Int, bias: UnsafeMutablePointer<Float>?, dropout: DropoutMask?, body: @escaping Body
    ) {
        self.kernels = kernels
        (self.query, self.key, self.value) = (query, key, value)
        (self.itemCount, self.headCount, self.chunkCount, self.block) = (
            itemCount, headCount, chunkCount, block
        )
        (self.padded, self.mask, self.windowCount, self.bias) = (padded, mask, windowCount, bias)
        (self.dropout, self.body) = (dropout, body)
        (output, sums, dq, dk, dv) = (query, query.base, query, key, value)
    }

    var keyCount: Int { key.tokens }
    var queryCount: Int { query.tokens }
    var scale: Float { 1 / Float(query.headWidth).squareRoot() }
    /// Rows of scores in all.
    var sumCount: Int { itemCount * headCount * queryCount }

    /// The first row of scores of an item's head.
    func row(_ item: Int, _ head: Int) -> Int { (item * headCount + head) * queryCount }

    /// A chunk of the items, one head.
    func run(_ piece: Int) {
        let (chunk, head) = (piece / headCount, piece % headCount)
        let rows = min(block, queryCount)
        // Tensors come from a pool that belongs to the main thread.
        let memory = UnsafeMutablePointer<Float>.allocate(capacity: 3 * rows * keyCount)
        defer { memory.deallocate() }
        let scratch = Scratch(base: memory, block: rows, keyCount: keyCount)
        for item in (chunk * itemCount / chunkCount)..<((chunk + 1) * itemCount / chunkCount) {
            body(self, item, head, scratch)
        }
    }

    func eachBlock(_ body: (_ rows: Range<Int>) -> Void) {
        for start in stride(from: 0, to: queryCount, by: block) {
            body(start..<min(start + block, queryCount))
        }
    }

    func score(_ q: MatrixView, _ k: MatrixView, into scores: MatrixView) {
        MatMul.product(kernels, q, k, transposeB: true, alpha: scale, beta: 0, into: scores)
    }

    func terms(_ item: Int, _ head: Int, _ rows: Range<Int>) -> ck_attention_terms {
        let map = queryCount * keyCount
        let start = rows.lowerBound * keyCount
        return ck_attention_terms(
            padded: padded.map { $0 + item * keyCount },
            mask: mask.map { $0 + item % windowCount * map + start },
            bias: bias.map { $0 + head * map + start })
    }

    /// Drops out of probabilities or their gradient; row: of all rows of scores.
    func drop(_ from: MatrixView, _ to: MatrixView, row: Int) {
        dropout?.apply(from.base, to: to.base, first: row * keyCount, count: from.rows * keyCount)
    }

    func addBias(_ slope: MatrixView, item: Int, head: Int, rows: Range<Int>) {
        guard let biasGradient else { return }
        // The chunk whose range holds the item.
        let chunk = ((item + 1) * chunkCount - 1) / itemCount
        let target = biasGradient + ((chunk * headCount + head) * queryCount + rows.lowerBound) * keyCount
        ck_add_scaled(Int64(slope.rows * keyCount), 1, slope.base, target)
    }
}
