import NN
import TestSupport
import Testing

@testable import Tensors

@Suite(.serialized) struct MultiHeadAttentionTests {
    /// With the names and shapes of `torch.nn.MultiheadAttention`.
    @Test(arguments: ["multi_head", "self_attention"], [KernelSet.fast, .plain])
    func valuesAndGradientsMatchPyTorch(name: String, kernels: KernelSet) throws {
        let golden = try GoldenTensors("ops/transformer.safetensors")
        let query = try golden.tensor("\(name).query")
        let heads = try #require(try golden.note(name, as: [String: Int].self)["heads"])
        let layer = MultiHeadAttention(query.shape[2], headCount: heads)
        let names = layer.namedParameters.map(\.path)
        #expect(names == ["in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"])
        for (path, parameter) in layer.namedParameters {
            parameter.assign(try golden.tensor("\(name).\(path)"))
        }
        let arena = ParameterArena(layer.namedParameters)
        arena.beginAccumulation()
        try kernels.run {
            let tape = Tape(recording: true)
            let q = tape.watched(query)
            let (k, v) =
                golden.contains("\(name).key")
                ? (
                    tape.watched(try golden.tensor("\(name).key")),
                    tape.watched(try golden.tensor("\(name).value"))
                )
                : (q, q)
            let y = layer(
                query: q, key: k, value: v,
                keyPadding: try golden.integers("\(name).padding").map { $0 != 0 }, tape)
            expectClose(y.tensor, try golden.tensor("\(name).output"), relative: Tolerance.operation)
            tape.backward(from: [(y, try golden.tensor("\(name).grad_output"))])
        }
        arena.finishAccumulation()
        for (path, parameter) in layer.namedParameters {
            expectClose(
                try #require(parameter.leaf.gradient), try golden.tensor("\(name).grad_\(path)"),
                relative: Tolerance.operation, path)
        }
    }

    @Test func layersStartAsPublished() {
        let layer = MultiHeadAttention(256, headCount: 8)
        layer.initialize(seed: 1)
        // sqrt(6 / (256 + 768)): the packed matrix counts as one.
        let largest = layer.inputWeight.value.values.reduce(0) { max($0, abs($1)) }
        #expect(largest <= 0.076548 && largest > 0.0765)
        #expect(layer.inputBias.value.values.allSatisfy { $0 == 0 })
        let biases = [false, true].map { zero -> Float in
            let feed = FeedForward(64, hidden: 128, zeroBiases: zero)
            feed.initialize(seed: 2)
            return feed.namedParameters.first { $0.path == "linear1.bias" }?.parameter.value.values
                .reduce(0) { max($0, abs($1)) } ?? -1
        }
        #expect(biases[0] > 0.11 && biases[0] <= 0.125 && biases[1] == 0)
    }

    @Test func dropoutOnlyHappensWhereAStreamIsGiven() {
        let feed = FeedForward(8, hidden: 16, activation: .gelu, zeroBiases: true)
        feed.initialize(seed: 3)
        let x = Variable(constant: Tensor((0..<48).map { Float($0 % 7) - 3 }, shape: [2, 3, 8]))
        let tape = Tape(recording: false)
        let stream = {
            DropoutStream(rate: 0.5) { place in .init(seed: 9, sample: place, purpose: .dropout) }
        }
        let (plain, dropped) = (feed(x, tape), feed(x, dropout: stream(), tape))
        #expect(plain.shape == [2, 3, 8] && plain.tensor.values == feed(x, tape).tensor.values)
        #expect(dropped.tensor.values != plain.tensor.values)
        #expect(dropped.tensor.values == feed(x, dropout: stream(), tape).tensor.values)
    }
}
