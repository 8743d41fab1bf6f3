import NN
import Tensors
import TestSupport
import Testing

@Suite struct WeightedCrossEntropyTests {
    @Test func sumAndGradientMatchPyTorch() throws {
        let golden = try GoldenTensors("ops/loss.safetensors")
        let name = "cross_entropy_weighted_sum"
        let logits = try golden.tensor("\(name).logits")
        let labels = try golden.labels("\(name).labels")
        let weights = labels.map { $0 == 4 ? Float(0.1) : 1 }
        let loss = CrossEntropy.sum(logits, labels: labels, weights: weights)
        expectClose(loss.sum, try golden.scalar("\(name).output"), relative: Tolerance.operation)
        expectClose(loss.gradient, try golden.tensor("\(name).grad_logits"), relative: Tolerance.operation)
    }

    /// Two rows worked out by hand: the second weighs a tenth.
    @Test func aWeightedMeanIsTheSumOverTheWeights() {
        let loss = CrossEntropy.sum(
            Tensor([2, 0, 0, 1], shape: [2, 2]), labels: [0, 1], weights: [1, 0.1])
        expectClose(loss.sum / 1.1, 0.143867, relative: 1e-5)
    }
}
