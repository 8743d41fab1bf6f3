import NN
import Tensors
import TestSupport
import Testing

@Suite struct CrossEntropyTests {
    private func golden() throws -> GoldenTensors { try GoldenTensors("ops/loss.safetensors") }

    @Test func softmaxMatchesPyTorch() throws {
        let golden = try golden()
        let loss = CrossEntropy.sum(
            try golden.tensor("cross_entropy_sum.logits"), labels: try golden.labels("cross_entropy_sum.labels"))
        expectClose(loss.sum, Double(try golden.floats("cross_entropy_sum.output")[0]), relative: Tolerance.operation)
        expectClose(
            loss.gradient, try golden.tensor("cross_entropy_sum.grad_logits"), relative: Tolerance.operation)
    }

    @Test func binaryMatchesPyTorch() throws {
        let golden = try golden()
        let loss = BinaryCrossEntropy.sum(
            try golden.tensor("binary_cross_entropy.logits"),
            targets: try golden.floats("binary_cross_entropy.target"))
        expectClose(
            loss.sum, Double(try golden.floats("binary_cross_entropy.output")[0]), relative: Tolerance.operation)
        expectClose(
            loss.gradient, try golden.tensor("binary_cross_entropy.grad_logits"), relative: Tolerance.operation)
    }

    @Test func extremeLogitsStayFinite() {
        let loss = CrossEntropy.sum(Tensor([1000, -1000, 0], shape: [1, 3]), labels: [1])
        #expect(loss.sum == 2000 && loss.gradient.values == [1, -1, 0])
        let binary = BinaryCrossEntropy.sum(Tensor([1000, -1000], shape: [2]), targets: [0, 0])
        #expect(binary.sum == 1000 && binary.gradient.values == [1, 0])
    }
}
