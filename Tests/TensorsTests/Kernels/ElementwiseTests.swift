import Foundation
import TestSupport
import Testing

@testable import Tensors

@Suite struct ElementwiseTests {
    @Test(arguments: ["relu", "relu6", "sigmoid", "sigmoid_extreme"])
    func activationsMatchPyTorch(name: String) throws {
        let golden = try GoldenCase("activation", name)
        let input = try golden.leaf("input")
        let tape = Tape(recording: true)
        let x = tape.input(input)
        let output =
            name.hasPrefix("sigmoid") ? tape.sigmoid(x) : tape.relu(x, name == "relu6" ? .relu6 : .relu)
        try golden.check(output, tape, gradients: [("input", input)])
    }

    /// Each value by itself, not beside the largest: small probabilities must be right too. 3e-7 is 2.5 units in
    /// the last place; below -87.3 the exponential stops at the smallest normal number.
    @Test func sigmoidIsAccurateInEveryDecade() {
        let x = (0..<40_000).map { Float($0) / 200 - 87 }
        let y = Elementwise.sigmoid(Tensor(x, shape: [x.count])).values
        var worst = 0.0
        for (a, b) in zip(x, y) {
            let truth = 1 / (1 + exp(-Double(a)))
            worst = max(worst, abs(Double(b) - truth) / truth)
        }
        #expect(worst < 3e-7)
        let extreme = Elementwise.sigmoid(Tensor([-.infinity, -1e30, 1e30, .infinity], shape: [4])).values
        #expect(extreme[0] < 2e-38 && extreme[1] < 2e-38)
        #expect(extreme[2] == 1 && extreme[3] == 1)
    }

    @Test func sigmoidKeepsANaN() {
        let y = Elementwise.sigmoid(Tensor([0, .nan, 3], shape: [3])).values
        #expect(y[0] == 0.5 && y[1].isNaN && y[2] > 0.9)
    }

    @Test func reluKeepsANaNAndStopsAtItsCeiling() {
        let x = Variable(constant: Tensor([.nan, -1, 2, 9, .infinity], shape: [5]))
        let tape = Tape(recording: false)
        let (plain, six) = (tape.relu(x).tensor.values, tape.relu(x, .relu6).tensor.values)
        #expect(plain[0].isNaN && six[0].isNaN)
        #expect(plain[1...] == [0, 2, 9, .infinity] && six[1...] == [0, 2, 6, 6])
    }

    @Test func sumOfSquaresAddsInDoublePrecision() {
        // In float32 the ones would be lost beside the first square.
        let values: [Float] = [1e6] + [Float](repeating: 1, count: 50_000)
        #expect(Elementwise.sumOfSquares(Tensor(values, shape: [values.count])) == 1e12 + 50_000)
        #expect(Elementwise.sumOfSquares(Tensor(zeros: [0])) == 0)
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity])
    func oneBadValueIsNotFinite(bad: Float) {
        let x = Tensor(repeating: .greatestFiniteMagnitude, shape: [40_000])
        #expect(Elementwise.isFinite(x))
        x.floats[39_999] = bad
        #expect(!Elementwise.isFinite(x))
    }

    @Test func exponentialAverageMovesTowardsTheOnlineValue() {
        let target = Tensor([1, -1], shape: [2])
        Elementwise.exponentialAverage(Tensor([3, 3], shape: [2]), into: target, momentum: 0.75)
        #expect(target.values == [1.5, 0])
    }
}
