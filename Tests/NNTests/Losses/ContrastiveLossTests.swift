import Foundation
import NN
import Tensors
import TestSupport
import Testing

@Suite(.serialized) struct ContrastiveLossTests {
    private let dimension = 6

    /// Rows as the output of an identity layer, so that the gradient of the features is one of a weight.
    private func run(
        _ queries: [Float], _ queryLabels: [Int32], _ keys: [Float], _ keyLabels: [Int32], temperature: Float,
        background: Int32 = -1
    ) -> (sum: Double, labelCount: Int, gradient: [Float]) {
        let (m, d) = (queryLabels.count, queries.count / max(1, queryLabels.count))
        let transposed = Tensor((0..<(d * m)).map { queries[$0 % m * d + $0 / m] }, shape: [d, m])
        let leaf = Leaf(transposed)
        leaf.gradient = Tensor(zeros: [d, m])
        let identity = Tensor((0..<(m * m)).map { $0 / m == $0 % m ? 1 : 0 }, shape: [m, m])
        let tape = Tape(recording: true)
        let rows = tape.linear(Variable(constant: identity), weight: leaf, bias: nil)
        let result = ContrastiveLoss(temperature: temperature)(
            queries: rows, queryLabels: queryLabels, keys: Tensor(keys, shape: [keyLabels.count, d]),
            keyLabels: keyLabels, background: background, tape: tape)
        tape.backward([(result.sum, 1)])
        leaf.finishAccumulation()
        let gradient = leaf.gradient?.values ?? []
        return (
            Double(result.sum.tensor.scalar), result.labelCount,
            (0..<(m * d)).map { gradient[$0 % d * m + $0 / d] }
        )
    }

    /// The definition, label by label and pair by pair, in double precision.
    /// - repelling: the queries as other labels' negatives, which the definition holds constant.
    private func reference(
        _ queries: [Double], repelling: [Double], _ queryLabels: [Int32], _ keys: [Double],
        _ keyLabels: [Int32],
        temperature: Double
    ) -> Double {
        let d = dimension
        func unit(_ rows: [Double], _ i: Int) -> [Double] {
            let row = Array(rows[(i * d)..<(i * d + d)])
            let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return row.map { $0 / length }
        }
        let online = queryLabels.indices.map { unit(queries, $0) }
        let (constant, target) = (
            queryLabels.indices.map { unit(repelling, $0) }, keyLabels.indices.map { unit(keys, $0) }
        )
        func similarity(_ a: [Double], _ b: [Double]) -> Double {
            zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } / temperature
        }
        var total = 0.0
        for label in Set(queryLabels) where label != -1 {
            let mine = queryLabels.indices.filter { queryLabels[$0] == label }.map { online[$0] }
            var partners = keyLabels.indices.filter { keyLabels[$0] == label }.map { target[$0] }
            if partners.isEmpty { partners = mine }
            let negatives =
                queryLabels.indices.filter { queryLabels[$0] != label }.map { constant[$0] }
                + keyLabels.indices.filter { keyLabels[$0] != label }.map { target[$0] }
            var sum = 0.0
            for q in mine {
                let repelled = negatives.reduce(0) { $0 + exp(similarity(q, $1)) }
                for k in partners {
                    let attracted = exp(similarity(q, k))
                    sum -= log(attracted / (attracted + repelled))
                }
            }
            total += sum / Double(mine.count * partners.count)
        }
        return total
    }

    @Test(arguments: [
        "normal", "fallback", "background", "no_positives", "only_one_label", "collision_faithful",
        "collision_corrected",
    ])
    func valueAndGradientMatchThePublishedCode(name: String) throws {
        struct Note: Decodable { let background: Int32, temperature: Float }
        let golden = try GoldenTensors("aligndet/contrastive.safetensors")
        let note = try golden.note(name, as: Note.self)
        let ours = run(
            try golden.floats("\(name).queries"), try golden.labels("\(name).query_labels"),
            try golden.floats("\(name).keys"), try golden.labels("\(name).key_labels"),
            temperature: note.temperature,
            background: note.background)
        let (loss, gradient) = (try golden.scalar("\(name).loss"), try golden.doubles("\(name).grad_queries"))
        // The loss is the mean over the labels.
        let divisor = Double(max(1, ours.labelCount))
        if loss == 0 {
            #expect(abs(ours.sum) < 1e-6 && gradient.allSatisfy { $0 == 0 })
            #expect(ours.gradient.allSatisfy { abs($0) < 1e-6 })
            return
        }
        expectClose(ours.sum / divisor, loss, relative: Tolerance.operation, "\(name) loss")
        expectClose(
            ours.gradient.map { Double($0) / divisor }, gradient, relative: Tolerance.operation,
            "\(name) gradient")
    }

    private func check(
        _ queryLabels: [Int32], _ keyLabels: [Int32], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let queries = GoldenWeights.values("contrast.queries", count: queryLabels.count * dimension)
        let keys = GoldenWeights.values("contrast.keys", count: keyLabels.count * dimension)
        let keysInDouble = keys.map { Double($0) }
        let ours = run(queries, queryLabels, keys, keyLabels, temperature: 0.5)
        let start = queries.map { Double($0) }
        func truth(_ point: [Double]) -> Double {
            reference(point, repelling: start, queryLabels, keysInDouble, keyLabels, temperature: 0.5)
        }
        expectClose(
            ours.sum, truth(start), relative: Tolerance.operation, "contrast", sourceLocation: sourceLocation)
        // Central differences in double precision are right to ten digits.
        let differences = start.indices.map { i in
            var (low, high) = (start, start)
            low[i] -= 1e-5
            high[i] += 1e-5
            return (truth(high) - truth(low)) / 2e-5
        }
        expectClose(
            ours.gradient.map { Double($0) }, differences, relative: Tolerance.operation, "contrast gradient",
            sourceLocation: sourceLocation)
        #expect(ours.labelCount == Set(queryLabels.filter { $0 != -1 }).count, sourceLocation: sourceLocation)
    }

    @Test func valueAndGradientMatchTheDefinition() {
        check([0, 0, 1, -1, 2, 1, -1, 0], [1, 0, 0, -1, 2, 2, -1])
    }

    @Test func aLabelWithoutAKeyTakesItsQueriesAsKeys() {
        check([0, 0, 1, -1, 1, 1, 2], [0, 0, -1, 5])
        check([0, 0, 0, 1, -1], [-1, -1])
    }

    @Test func aKeyWithoutAQueryIsANegative() {
        check([0, -1, 0], [0, 7, 7, -1])
    }

    @Test func onlyOneLabelAndNoNegativesCostsNothing() {
        let queries = GoldenWeights.values("contrast.queries", count: 2 * dimension)
        let result = run(queries, [3, 3], queries, [3, 3], temperature: 0.5)
        #expect(abs(result.sum) < 1e-6 && result.labelCount == 1)
    }

    @Test func backgroundAloneGivesZeroOnTheTape() {
        let queries = GoldenWeights.values("contrast.queries", count: 2 * dimension)
        let result = run(queries, [-1, -1], queries, [-1, -1], temperature: 0.5)
        #expect(result.sum == 0 && result.labelCount == 0)
        #expect(result.gradient == [Float](repeating: 0, count: 2 * dimension))
    }

    /// More queries than one block of the Gram matrix holds.
    @Test func blocksOfQueriesAddUp() {
        let (m, d) = (1030, dimension)
        let queries = GoldenWeights.values("contrast.many", count: m * d)
        let keys = GoldenWeights.values("contrast.many.keys", count: 40 * d)
        let queryLabels = (0..<m).map { Int32($0 % 23) - 1 }
        let keyLabels = (0..<40).map { Int32($0 % 20) - 1 }
        let ours = run(queries, queryLabels, keys, keyLabels, temperature: 0.5)
        let rows = queries.map { Double($0) }
        let truth = reference(
            rows, repelling: rows, queryLabels, keys.map { Double($0) }, keyLabels, temperature: 0.5)
        expectClose(ours.sum, truth, relative: Tolerance.operation, "contrast of many")
    }

    @Test func sharpTemperaturesStayFinite() {
        let queries = GoldenWeights.values("contrast.queries", count: 4 * dimension)
        let result = run(queries, [0, 1, 0, -1], queries, [0, 1, 1, -1], temperature: 0.02)
        #expect(result.sum.isFinite && result.gradient.allSatisfy { $0.isFinite })
        let rows = queries.map { Double($0) }
        let truth = reference(
            rows, repelling: rows, [0, 1, 0, -1], rows, [0, 1, 1, -1], temperature: 0.02)
        expectClose(result.sum, truth, relative: 1e-4)
    }
}
