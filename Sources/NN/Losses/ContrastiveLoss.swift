internal import CKernels
package import Tensors

/// Box-level contrastive loss between two views, all pairs at once from one Gram matrix.
///
/// For a query i and a key j of one label, ℓ_ij = -log(e^{s_ij} / (e^{s_ij} + Σ_a e^{s_ia})), s = cosine / τ, where a
/// runs over every feature of another label, from both views. Each label contributes the mean over its pairs; a label
/// without a key uses its own queries as keys, and gradient then flows through both sides. Negatives are constants.
/// - Source: Li et al., AlignDet, ICCV 2023. Differs: the published code builds a (queries, keys, negatives) tensor per
///   label; here every pair of a query shares the query's sum over negatives. Same numbers, same gradients.
package struct ContrastiveLoss: Sendable {
    package let temperature: Float
    /// Queries per block of the Gram matrix: bounds memory at `blockRows * (queries + keys)` floats.
    private let blockRows = 1024

    package init(temperature: Float) { self.temperature = temperature }

    /// - queries: [M, D] online features before normalization; keys: [N, D] target features, constants.
    /// - queryLabels, keyLabels: proposal labels; `background` marks features that are only ever negatives.
    /// - Returns: the sum over labels of each label's mean, and the number of labels, its divisor (0 without positives).
    package func callAsFunction(
        queries: Variable, queryLabels: [Int32], keys: Tensor, keyLabels: [Int32], background: Int32, tape: Tape
    ) -> (sum: Variable, labelCount: Int) {
        let (m, n, d) = (queries.shape[0], keys.shape[0], queries.shape[1])
        precondition(queryLabels.count == m && keyLabels.count == n && keys.shape[1] == d, "\(m)+\(n) features")
        let labels = Pairing(queryLabels, keyLabels, background)
        let normalized = tape.normalizeRows(queries)
        let unitKeys = Tape(recording: false).normalizeRows(Variable(constant: keys)).tensor
        let candidates = tape.concatenateRows([normalized.detached, Variable(constant: unitKeys)]).tensor
        let gradient = Tensor(zeros: [m, d])
        var sum = 0.0
        for start in stride(from: 0, to: m, by: blockRows) {
            let rows = start..<min(start + blockRows, m)
            let block = normalized.tensor.prefix(rows)
            let similarity = MatMul.product(block, candidates, transposeB: true, alpha: 1 / temperature)
            sum += ck_contrastive_rows(
                Int64(rows.count), Int64(m + n), Array(queryLabels[rows]), labels.candidates, labels.keys,
                Array(labels.pairWeight[rows]), similarity.floats)
            // `similarity` now holds d(sum)/ds.
            MatMul.product(
                similarity, candidates, alpha: 1 / temperature, beta: 1, into: gradient.prefix(rows))
            if labels.hasFallback {
                addFallback(similarity, block, labels, queryLabels, rows, into: gradient)
            }
        }
        return (tape.scalar(sum, gradients: [(normalized, gradient)]), labels.labelCount)
    }

    /// Gradient through the key side where queries serve as keys: column j of the online half gets Σ_i ds_ij q_i.
    private func addFallback(
        _ similarity: Tensor, _ block: Tensor, _ labels: Pairing, _ queryLabels: [Int32], _ rows: Range<Int>,
        into gradient: Tensor
    ) {
        let d = block.shape[1]
        for (i, row) in rows.enumerated() where labels.isFallback[row] {
            for j in queryLabels.indices where queryLabels[j] == queryLabels[row] {
                let factor = similarity.floats[i * similarity.shape[1] + j] / temperature
                for c in 0..<d { gradient.floats[j * d + c] += factor * block.floats[i * d + c] }
            }
        }
    }

    /// Which pairs exist and what each weighs.
    private struct Pairing {
        /// Labels of the [M + N] candidates.
        let candidates: [Int32]
        /// The label for which a candidate is a key; `noKey` where it is none.
        var keys: [Int32]
        /// 1 / (queries · keys) of the query's label; 0 for background.
        var pairWeight: [Float]
        var isFallback: [Bool]
        var hasFallback = false
        let labelCount: Int

        init(_ queryLabels: [Int32], _ keyLabels: [Int32], _ background: Int32) {
            let noKey = Int32.min
            var queryCount: [Int32: Int] = [:]
            var keyCount: [Int32: Int] = [:]
            for label in queryLabels where label != background { queryCount[label, default: 0] += 1 }
            for label in keyLabels where label != background { keyCount[label, default: 0] += 1 }
            labelCount = queryCount.count
            candidates = queryLabels + keyLabels
            let fallback = queryLabels.map { $0 != background && keyCount[$0] == nil }
            isFallback = fallback
            hasFallback = fallback.contains(true)
            keys =
                zip(queryLabels, fallback).map { $1 ? $0 : noKey }
                + keyLabels.map { $0 == background ? noKey : $0 }
            pairWeight = queryLabels.map { label in
                guard label != background, let queries = queryCount[label] else { return 0 }
                return 1 / (Float(queries) * Float(keyCount[label] ?? queries))
            }
        }
    }
}
