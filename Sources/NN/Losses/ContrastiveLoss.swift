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
        queries: Variable, queryLabels: [Int32], keys: Tensor, keyLabels: [Int32], background: Int32,
        tape: Tape
    ) -> (sum: Variable, labelCount: Int) {
        let (m, n, d) = (queries.shape[0], keys.shape[0], queries.shape[1])
        precondition(
            queryLabels.count == m && keyLabels.count == n && keys.shape[1] == d, "\(m)+\(n) features")
        let labels = Pairing(queryLabels, keyLabels, background)
        let normalized = tape.normalizeRows(queries)
        let unitKeys = Tape(recording: false).normalizeRows(Variable(constant: keys)).tensor
        // Background features are candidates only: no row of the Gram matrix is theirs.
        let active = queryLabels.indices.filter { labels.pairWeight[$0] != 0 }
        let units = Elementwise.gatherRows(normalized.tensor, active.map { Int32($0) }).converted(
            to: tape.dtype)
        let candidates = tape.concatenateRows([normalized.detached, Variable(constant: unitKeys)]).tensor
            .converted(to: tape.dtype)
        let gradient = Tensor(zeros: [m, d])
        var sum = 0.0
        for start in stride(from: 0, to: active.count, by: blockRows) {
            let rows = active[start..<min(start + blockRows, active.count)]
            let block = units.prefix(start..<(start + rows.count))
            let similarity = MatMul.product(block, candidates, transposeB: true, alpha: 1 / temperature)
            let keys = rows.map { labels.keyRanges[queryLabels[$0]] ?? 0..<0 }
            sum += ck_contrastive_rows(
                Int64(rows.count), Int64(m + n), rows.map { queryLabels[$0] }, labels.candidates, labels.keys,
                keys.map { Int64($0.lowerBound) }, keys.map { Int64($0.upperBound) },
                rows.map { labels.pairWeight[$0] }, similarity.floats)
            // `similarity` now holds d(sum)/ds.
            let part = MatMul.product(
                similarity.converted(to: tape.dtype), candidates, alpha: 1 / temperature)
            Elementwise.scatterAddRows(part, rows.map { Int32($0) }, into: gradient)
            if labels.hasFallback {
                addFallback(
                    similarity, block.converted(to: .float32), labels, queryLabels, rows, into: gradient)
            }
        }
        return (tape.scalar(sum, gradients: [(normalized, gradient)]), labels.labelCount)
    }

    /// Gradient through the key side where queries serve as keys: column j of the online half gets Σ_i ds_ij q_i.
    private func addFallback(
        _ similarity: Tensor, _ block: Tensor, _ labels: Pairing, _ queryLabels: [Int32],
        _ rows: ArraySlice<Int>,
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
        /// Candidates that are keys, those of one label side by side.
        private(set) var keys: [Int32] = []
        /// Where each label's keys stand in `keys`.
        private(set) var keyRanges: [Int32: Range<Int>] = [:]
        /// 1 / (queries · keys) of the query's label; 0 for background.
        var pairWeight: [Float]
        var isFallback: [Bool]
        var hasFallback = false
        let labelCount: Int

        init(_ queryLabels: [Int32], _ keyLabels: [Int32], _ background: Int32) {
            var queryCount: [Int32: Int] = [:]
            var keyCount: [Int32: Int] = [:]
            for label in queryLabels where label != background { queryCount[label, default: 0] += 1 }
            for label in keyLabels where label != background { keyCount[label, default: 0] += 1 }
            labelCount = queryCount.count
            candidates = queryLabels + keyLabels
            let fallback = queryLabels.map { $0 != background && keyCount[$0] == nil }
            isFallback = fallback
            hasFallback = fallback.contains(true)
            var columns: [Int32: [Int32]] = [:]
            for (i, label) in queryLabels.enumerated() where fallback[i] {
                columns[label, default: []].append(Int32(i))
            }
            for (j, label) in keyLabels.enumerated() where label != background {
                columns[label, default: []].append(Int32(queryLabels.count + j))
            }
            for label in columns.keys.sorted() {
                guard let list = columns[label] else { continue }
                keyRanges[label] = keys.count..<(keys.count + list.count)
                keys += list
            }
            pairWeight = queryLabels.map { label in
                guard label != background, let queries = queryCount[label] else { return 0 }
                return 1 / (Float(queries) * Float(keyCount[label] ?? queries))
            }
        }
    }
}
