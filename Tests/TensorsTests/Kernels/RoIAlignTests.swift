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

    /// Row r of page p, column c is element (p, r, c): computed from the index alone.
    @Test func channelsComeFirst() {
        let x = makeLeaf(Tensor((0..<(2 * 3 * 2 * 20)).map { Float($0) }, shape: [2, 3, 2, 20]))
        let tape = Tape(recording: true)
        let y = tape.channelsFirst(tape.input(x))
        #expect(y.shape == [2, 120])
        var expected: [Float] = []
        for p in 0..<2 {
            for c in 0..<20 {
                for r in 0..<6 { expected.append(Float(p * 120 + r * 20 + c)) }
            }
        }
        #expect(y.tensor.values == expected)
        tape.backward(from: [(y, y.tensor)])
        #expect(x.finishedGradient.values == x.value.values)
    }
}
