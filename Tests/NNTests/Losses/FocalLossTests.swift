import Foundation
import NN
import Tensors
import TestSupport
import Testing

@Suite(.serialized) struct FocalLossTests {
    @Test func valueAndGradientMatchTorchvision() throws {
        let golden = try GoldenTensors("ops/loss.safetensors")
        let logits = try golden.tensor("focal.logits")
        let gradient = Tensor(repeating: .nan, shape: logits.shape)
        let sum = FocalLoss().sum(logits, labels: try golden.labels("focal.labels"), gradient: gradient)
        expectClose(sum, try golden.scalar("focal.output"), relative: Tolerance.operation, "focal")
        expectClose(
            gradient, try golden.tensor("focal.grad_logits"), relative: Tolerance.operation, "focal gradient")
    }

    /// loss = -α_t (1 - p_t)^γ ln p_t in double precision, each entry judged by its own size.
    @Test(arguments: [Float(2), 1.5, 0])
    func everyEntryIsAccurateFarFromAndNearZero(gamma: Float) {
        let loss = FocalLoss(alpha: 0.25, gamma: gamma)
        for x in stride(from: -80.0, through: 80, by: 0.5) {
            for label in [Int32(0), 1] {
                let gradient = Tensor(zeros: [1, 1])
                let sum = loss.sum(Tensor([Float(x)], shape: [1, 1]), labels: [label], gradient: gradient)
                // Label 1 is background, for which the class's target is 0.
                let z = label == 0 ? x : -x
                let alpha = label == 0 ? 0.25 : 0.75
                let (p, q) = (1 / (1 + exp(-z)), 1 / (1 + exp(z)))
                let nll = z > 0 ? log1p(exp(-z)) : -z + log1p(exp(z))
                let power = pow(q, Double(gamma))
                let slope = -alpha * power * (Double(gamma) * p * nll + q) * (label == 0 ? 1 : -1)
                // Squares of small probabilities underflow: nothing below 1e-30 matters to a sum.
                #expect(abs(sum - alpha * power * nll) < 3e-6 * alpha * power * nll + 1e-30, "\(x) \(label)")
                #expect(abs(Double(gradient.scalar) - slope) < 3e-6 * abs(slope) + 1e-30, "\(x) \(label)")
            }
        }
    }

    @Test func extremeLogitsStayFinite() {
        let logits = Tensor([-1e30, -200, 200, 1e30], shape: [4, 1])
        for label in [Int32(0), 1] {
            let gradient = Tensor(zeros: [4, 1])
            let sum = FocalLoss().sum(
                logits.reshaped([4, 1]), labels: [label, label, label, label], gradient: gradient)
            #expect(sum.isFinite && gradient.values.allSatisfy { $0.isFinite })
        }
    }

    @Test func aNaNIsNotHidden() {
        let gradient = Tensor(zeros: [1, 2])
        let sum = FocalLoss().sum(Tensor([.nan, 0], shape: [1, 2]), labels: [2], gradient: gradient)
        #expect(sum.isNaN && gradient.values[0].isNaN)
    }

    @Test func noRowsGiveZero() {
        #expect(FocalLoss().sum(Tensor(zeros: [0, 7]), labels: [], gradient: Tensor(zeros: [0, 7])) == 0)
    }

    @Test func ignoredRowsGiveNeitherLossNorGradient() {
        let gradient = Tensor(repeating: .nan, shape: [2, 2])
        let sum = FocalLoss().sum(
            Tensor([9, 9, 9, 9], shape: [2, 2]), labels: [-1, -1], gradient: gradient)
        #expect(sum == 0 && gradient.values == [0, 0, 0, 0])
    }

    @Test func resultsDoNotDependOnThreads() {
        let logits = Tensor(
            GoldenWeights.values("focal.threads", count: 9000 * 7, scale: 6), shape: [9000, 7])
        let labels = (0..<9000).map { Int32($0 % 9) - 1 }
        func run() -> [Float] {
            let gradient = Tensor(zeros: logits.shape)
            let sum = FocalLoss().sum(logits, labels: labels, gradient: gradient)
            return [Float(sum)] + gradient.values
        }
        #expect(ThreadBudget.with(1, run) == ThreadBudget.with(2, run))
    }

    @Test func aLabelThatIsNoClassTraps() async {
        await #expect(processExitsWith: .failure) {
            _ = FocalLoss().sum(Tensor(zeros: [1, 2]), labels: [3], gradient: Tensor(zeros: [1, 2]))
        }
    }
}
