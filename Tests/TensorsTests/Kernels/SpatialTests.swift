import TestSupport
import Testing

@testable import Tensors

@Suite struct SpatialTests {
    @Test(arguments: ["maxpool", "maxpool_even", "maxpool_one_pixel", "maxpool_ties"])
    func maxPoolMatchesPyTorch(name: String) throws {
        let golden = try GoldenCase("pooling", name)
        let input = try golden.leaf("input")
        let tape = Tape(recording: true)
        let output = tape.maxPool(tape.input(input), kernel: 3, stride: 2, padding: 1)
        try golden.check(output, tape, gradients: [("input", input)])
    }

    @Test(arguments: ["upsample_add", "upsample_add_odd", "upsample_add_ratio"])
    func upsampleAddMatchesPyTorch(name: String) throws {
        let golden = try GoldenCase("pooling", name)
        let (top, lateral) = (try golden.leaf("top"), try golden.leaf("lateral"))
        let tape = Tape(recording: true)
        let output = tape.upsampleAdd(tape.input(lateral), tape.input(top))
        try golden.check(output, tape, gradients: [("top", top), ("lateral", lateral)])
    }

    @Test func maxPoolKeepsANaN() {
        var values = [Float](repeating: 1, count: 16)
        values[5] = .nan
        let y = Tape(recording: false).maxPool(
            Variable(constant: Tensor(values, shape: [1, 4, 4, 1])), kernel: 3, stride: 2, padding: 1)
        #expect(y.tensor.values.map(\.isNaN) == [true, true, true, true])
    }

    @Test func noImagesPassThrough() {
        let (fine, coarse) = (makeLeaf(Tensor(zeros: [0, 4, 4, 3])), makeLeaf(Tensor(zeros: [0, 2, 2, 3])))
        let tape = Tape(recording: true)
        let sum = tape.upsampleAdd(tape.input(fine), tape.input(coarse))
        let y = tape.maxPool(sum, kernel: 3, stride: 2, padding: 1)
        #expect(sum.shape == [0, 4, 4, 3] && y.shape == [0, 2, 2, 3])
        tape.backward(from: [(y, Tensor(zeros: y.shape))])
        #expect(fine.hasGradient && coarse.hasGradient)
    }

    @Test func levelsOfDifferentWidthTrap() async {
        await #expect(processExitsWith: .failure) {
            let fine = Variable(constant: Tensor(zeros: [1, 4, 4, 3]))
            _ = Tape(recording: false).upsampleAdd(fine, Variable(constant: Tensor(zeros: [1, 2, 2, 4])))
        }
    }
}
