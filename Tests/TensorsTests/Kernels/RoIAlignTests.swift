import TestSupport
import Testing

@testable import Tensors

@Suite struct RoIAlignTests {
    private struct Constants: Decodable {
        let bins: Int
        let samples: Int
        let aligned: Bool
        let strides: [Int]
    }

    @Test(arguments: [
        "roi_plain", "roi_aligned", "roi_adaptive", "roi_adaptive_aligned", "roi_one_bin", "roi_pyramid",
        "roi_wide",
    ])
    func valuesAndGradientsMatchTorchvision(name: String) throws {
        let golden = try GoldenCase("roi", name)
        let constants = try golden.file.note(name, as: Constants.self)
        let inputs = try constants.strides.indices.map { try golden.leaf("input.\($0)") }
        let regions = RoIAlign.Regions(
            boxes: try golden.tensor("boxes"), images: try golden.file.labels("\(name).images"),
            levels: try golden.file.labels("\(name).levels"))
        let tape = Tape(recording: true)
        let output = tape.roiAlign(
            inputs.map { tape.input($0) }, strides: constants.strides, regions,
            RoIAlign(bins: constants.bins, sampleCount: constants.samples, isAligned: constants.aligned))
        try golden.check(
            output, tape, gradients: inputs.enumerated().map { ("input.\($0.offset)", $0.element) })
    }

    @Test func noRegionsGiveNoRowsAndZeroGradients() {
        let map = makeLeaf(numbers("roi.empty", [1, 4, 4, 3]))
        let tape = Tape(recording: true)
        let y = tape.roiAlign(
            [tape.input(map)], strides: [4],
            RoIAlign.Regions(boxes: Tensor(zeros: [0, 4]), images: [], levels: []),
            RoIAlign(bins: 7, sampleCount: 0, isAligned: true))
        #expect(y.shape == [0, 7, 7, 3])
        tape.backward(from: [(y, Tensor(zeros: y.shape))])
        #expect(map.finishedGradient.values == [Float](repeating: 0, count: 48))
    }

    @Test func aRegionOnAMapThatIsNotThereTraps() async {
        await #expect(processExitsWith: .failure) {
            let map = Variable(constant: Tensor(zeros: [1, 4, 4, 3]))
            _ = Tape(recording: false).roiAlign(
                [map], strides: [4],
                RoIAlign.Regions(boxes: Tensor(zeros: [1, 4]), images: [0], levels: [1]),
                RoIAlign(bins: 7, sampleCount: 2, isAligned: true))
        }
    }

    @Test func transposedConvolutionMatchesPyTorch() throws {
        let golden = try GoldenCase("upsample", "upsample")
        let (input, weight, bias) = (
            try golden.leaf("input"), try golden.leaf("weight"), try golden.leaf("bias")
        )
        let tape = Tape(recording: true)
        let output = tape.upsampleConvolution(tape.input(input), weight: weight, bias: bias, activation: .relu)
        try golden.check(
            output, tape, gradients: [("input", input), ("weight", weight), ("bias", bias)])
    }

    /// A weight that reads channel, row, column gives on maps what it gives on rows brought into that order by hand, and
    /// gets the same gradients, written first and added then.
    @Test(arguments: [DType.float32, .bfloat16]) func mapsMeetWeightsOfAnotherOrder(dtype: DType) {
        let (regions, side, channels, outputs) = (5, 3, 20, 7)
        let pixels = side * side
        let maps = numbers("maps.x", [regions, side, side, channels])
        let rows = Tensor(uninitialized: [regions, channels * pixels])
        for r in 0..<regions {
            for p in 0..<pixels {
                for c in 0..<channels {
                    rows.floats[(r * channels + c) * pixels + p] = maps.floats[(r * pixels + p) * channels + c]
                }
            }
        }
        let seed = numbers("maps.dy", [regions, outputs])
        func gradients(of x: Leaf, _ layer: (Tape, Variable, Leaf, Leaf) -> Variable) -> [[Float]] {
            let weight = makeLeaf(numbers("maps.w", [outputs, channels * pixels]))
            let bias = makeLeaf(numbers("maps.b", [outputs]))
            var values: [[Float]] = []
            for _ in 0..<2 {
                let tape = Tape(recording: true, dtype: dtype)
                let y = layer(tape, tape.input(x), weight, bias)
                tape.backward(from: [(y, seed)])
                values += [y.tensor.values, weight.finishedGradient.values, bias.finishedGradient.values]
            }
            return values + [x.finishedGradient.values]
        }
        let mapLeaf = makeLeaf(maps)
        var found = gradients(of: mapLeaf) { tape, x, weight, bias in
            tape.linear(maps: x, weight: weight, bias: bias, activation: .relu)
        }
        var expected = gradients(of: makeLeaf(rows)) { tape, x, weight, bias in
            tape.linear(x, weight: weight, bias: bias, activation: .relu)
        }
        let (mapGradient, rowGradient) = (found.removeLast(), expected.removeLast())
        for (a, b) in zip(found, expected) { expectClose(a, b, relative: Tolerance.rounding) }
        for r in 0..<regions {
            for p in 0..<pixels {
                expectClose(
                    (0..<channels).map { mapGradient[(r * pixels + p) * channels + $0] },
                    (0..<channels).map { rowGradient[(r * channels + $0) * pixels + p] },
                    relative: Tolerance.rounding)
            }
        }
    }
}
