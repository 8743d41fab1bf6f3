internal import CKernels
internal import CThreading

/// Scaled dot-product attention of several heads: softmax(Q Kᵀ / √d + mask + bias) V, head by head.
///
/// N items, Lq queries, Lk keys, H heads of d channels: head h reads and writes channels h d ..< (h + 1) d.
///
/// Memory: scores exist for 128 queries of one head at a time and thread. Forward keeps two numbers a row of
/// scores, its maximum and sum; backward makes the probabilities again from them, one more product of the
/// three it needs anyway. Keeping them would take 4 N H Lq Lk bytes a layer.
struct Attention {
    /// One tensor three times where they lie side by side in its rows: see `columns`.
    let query: Tensor
    let key: Tensor
    let value: Tensor
    /// Channels of all heads, and the first of each operand's in its tensor's rows.
    let width: Int
    let columns: (query: Int, key: Int, value: Int)
    let headCount: Int
    /// [N, Lk], not 0 for keys that nobody attends to.
    let padded: [UInt8]?
    /// [W, Lq, Lk], added to the scores of item n from window n % W.
    let mask: Tensor?
    /// [H, Lq, Lk], added to the scores of every item.
    let bias: Tensor?
    let dropout: DropoutMask?

    /// Rows of scores at a time.
    private static let block = 128

    var itemCount: Int { query.shape[0] }
    var queryCount: Int { query.shape[1] }
    var keyCount: Int { key.shape[1] }
    private var isEmpty: Bool { query.count == 0 || key.count == 0 }
    private var outputShape: [Int] { [itemCount, queryCount, width] }
    /// Whether queries, keys and values are columns of one tensor.
    private var isPacked: Bool { query.channelCount > width }

    init(
        query: Tensor, key: Tensor, value: Tensor, headCount: Int, padded: [UInt8]?, mask: Tensor?,
        bias: Tensor?,
        dropout: DropoutMask?
    ) {
        (self.query, self.key, self.value, self.headCount) = (query, key, value, headCount)
        (self.padded, self.mask, self.bias, self.dropout) = (padded, mask, bias, dropout)
        (width, columns) = (query.channelCount, (0, 0, 0))
    }

    /// - packed: [N, L, 3 D], queries, keys and values side by side.
    init(packed: Tensor, headCount: Int, mask: Tensor?, bias: Tensor?) {
        (query, key, value, self.headCount) = (packed, packed, packed, headCount)
        (padded, self.mask, self.bias, dropout) = (nil, mask, bias, nil)
        width = packed.channelCount / 3
        columns = (0, width, 2 * width)
    }

    /// - Returns: [N, Lq, D], and each row's maximum and inverse sum, [2, N, H, Lq].
    func forward() -> (output: Tensor, sums: Tensor) {
        let output = Tensor(uninitialized: outputShape)
        let sums = Tensor(uninitialized: [2, itemCount, headCount, queryCount])
        guard !isEmpty else { return (Tensor(zeros: outputShape), sums) }
        KernelCounters.flopCount += 4 * itemCount * queryCount * keyCount * width
        run(itemCount) { job, item, head, scratch in
            let (q, k, v) = (job.query.view(item, head), job.key.view(item, head), job.value.view(item, head))
            let out = job.output.view(item, head)
            job.eachBlock { rows in
                let scores = scratch.matrix(0, rows: rows.count)
                job.score(q.rows(rows), k, into: scores)
                var terms = job.terms(item, head, rows)
                let row = job.row(item, head) + rows.lowerBound
                ck_attention_softmax(
                    Int64(rows.count), Int64(job.keyCount), &terms, scores.base, job.sums + row,
                    job.sums + job.sumCount + row)
                job.drop(scores, scores, row: row)
                MatMul.product(job.kernels, scores, v, beta: 0, into: out.rows(rows))
            }
        } setup: {
            $0.output = AttentionJob.Operand(output, heads: headCount, width: width)
            $0.sums = sums.floats
        }
        return (output, sums)
    }

    /// - Returns: gradients of queries, keys and values, one tensor of all three where they came in one, and of the
    ///   bias where there is one.
    func backward(_ dy: Tensor, sums: Tensor) -> (inputs: [Tensor], bias: Tensor?) {
        let inputs = isPacked ? [query] : [query, key, value]
        guard !isEmpty else {
            return (inputs.map { Tensor(zeros: $0.shape) }, bias.map { Tensor(zeros: $0.shape) })
        }
        let gradients = inputs.map { Tensor(uninitialized: $0.shape) }
        KernelCounters.flopCount += 8 * itemCount * queryCount * keyCount * width
        // The bias's gradient is summed over items: a fixed number of partial sums, whatever the number of
        // threads.
        let chunkCount = bias == nil ? itemCount : min(itemCount, 16)
        let partial = bias.map { Tensor(zeros: [chunkCount, $0.count]) }
        run(chunkCount) { job, item, head, scratch in
            let (q, k, v) = (job.query.view(item, head), job.key.view(item, head), job.value.view(item, head))
            let (dq, dk) = (job.dq.view(item, head), job.dk.view(item, head))
            let (dv, dy) = (job.dv.view(item, head), job.output.view(item, head))
            job.eachBlock { rows in
                let weights = scratch.matrix(0, rows: rows.count)
                let slope = scratch.matrix(1, rows: rows.count)
                job.score(q.rows(rows), k, into: weights)
                var terms = job.terms(item, head, rows)
                let row = job.row(item, head) + rows.lowerBound
                ck_attention_probabilities(
                    Int64(rows.count), Int64(job.keyCount), &terms, job.sums + row,
                    job.sums + job.sumCount + row,
                    weights.base)
                let beta: Float = rows.lowerBound == 0 ? 0 : 1
                let kept = job.dropout == nil ? weights : scratch.matrix(2, rows: rows.count)
                job.drop(weights, kept, row: row)
                MatMul.product(job.kernels, kept, dy.rows(rows), transposeA: true, beta: beta, into: dv)
                MatMul.product(job.kernels, dy.rows(rows), v, transposeB: true, beta: 0, into: slope)
                job.drop(slope, slope, row: row)
                ck_softmax_backward(
                    Int64(rows.count), Int64(job.keyCount), weights.base, slope.base, slope.base)
                job.addBias(slope, item: item, head: head, rows: rows)
                MatMul.product(job.kernels, slope, k, alpha: job.scale, beta: 0, into: dq.rows(rows))
                MatMul.product(
                    job.kernels, slope, q.rows(rows), transposeA: true, alpha: job.scale, beta: beta, into: dk
                )
            }
        } setup: {
            $0.output = AttentionJob.Operand(dy, heads: headCount, width: width)
            $0.sums = sums.floats
            $0.dq = operand(gradients[0], columns.query)
            $0.dk = operand(gradients[isPacked ? 0 : 1], columns.key)
            $0.dv = operand(gradients[isPacked ? 0 : 2], columns.value)
            $0.biasGradient = partial?.floats
        }
        let total = partial.flatMap { partial in
            bias.map { bias in
                let sum = Tensor(uninitialized: bias.shape)
                Elementwise.columnSums(partial, into: sum.reshaped([sum.count]), accumulate: false)
                return sum
            }
        }
        return (gradients, total)
    }

    private func operand(_ tensor: Tensor, _ column: Int) -> AttentionJob.Operand {
        AttentionJob.Operand(tensor, heads: headCount, width: width, column: column)
    }

    /// Runs `body` for every item and head over the threads, items in `chunkCount` chunks.
    private func run(
        _ chunkCount: Int, _ body: @escaping AttentionJob.Body, setup: (inout AttentionJob) -> Void
    ) {
        let padding = padded ?? []
        padding.withUnsafeBufferPointer { padding in
            var job = AttentionJob(
                kernels: .current, query: operand(query, columns.query), key: operand(key, columns.key),
                value: operand(value, columns.value),
                itemCount: itemCount, headCount: headCount, chunkCount: chunkCount, block: Self.block,
                padded: padded == nil ? nil : padding.baseAddress, mask: mask?.floats,
                windowCount: mask?.shape[0] ?? 1, bias: bias?.floats, dropout: dropout, body: body)
            setup(&job)
            withUnsafeMutablePointer(to: &job) { job in
                cthreading_for(
                    Int64(chunkCount * headCount), 1,
                    { context, begin, end in
                        guard let job = context?.assumingMemoryBound(to: AttentionJob.self) else { return }
                        for piece in Int(begin)..<Int(end) { job.pointee.run(piece) }
                    }, job)
            }
        }
    }
}
