import NN
import Tensors
import TestSupport
import Testing

@Suite struct BoxLossTests {
    @Test(arguments: ["l1", "smooth_l1"])
    func offsetLossesMatchPyTorch(name: String) throws {
        let golden = try GoldenTensors("ops/loss.safetensors")
        let loss: BoxRegressionLoss = name == "l1" ? .l1 : .smoothL1(beta: 1 / 9)
        let result = loss.sum(try golden.tensor("\(name).prediction"), try golden.tensor("\(name).target"))
        expectClose(result.sum, try golden.scalar("\(name).output"), relative: Tolerance.operation, name)
        expectClose(
            result.gradient, try golden.tensor("\(name).grad_prediction"), relative: Tolerance.operation, name
        )
    }

    @Test func offsetsThatAgreeHaveNoSlope() {
        let boxes = Tensor([1, 2, 3, 4], shape: [1, 4])
        for loss in [BoxRegressionLoss.l1, .smoothL1(beta: 1)] {
            let result = loss.sum(boxes, boxes)
            #expect(result.sum == 0 && result.gradient.values == [0, 0, 0, 0])
        }
    }

    /// The golden numbers know no epsilon.
    @Test(arguments: ["giou", "giou_unit"])
    func giouMatchesTheFormulaInDoublePrecision(name: String) throws {
        let golden = try GoldenTensors("ops/loss.safetensors")
        let (prediction, target) = (
            try golden.tensor("\(name).prediction"), try golden.tensor("\(name).target")
        )
        let result = GIoULoss.sum(prediction, target, epsilon: 0)
        expectClose(result.sum, try golden.scalar("\(name).output"), relative: Tolerance.operation, name)
        expectClose(
            result.gradient, try golden.tensor("\(name).grad_prediction"), relative: Tolerance.operation, name
        )
        for r in 0..<prediction.shape[0] {
            let row = GIoULoss.sum(prediction.prefix(r..<(r + 1)), target.prefix(r..<(r + 1)), epsilon: 0)
            expectClose(
                row.sum, try golden.doubles("\(name).elements")[r], relative: Tolerance.operation, "row \(r)")
        }
    }

    @Test func iouMatchesPyTorch() throws {
        let golden = try GoldenTensors("ops/loss.safetensors")
        let (prediction, target) = (try golden.tensor("iou.prediction"), try golden.tensor("iou.target"))
        let ones = [Float](repeating: 1, count: prediction.shape[0])
        let result = IoULoss.sum(prediction, target, weights: ones)
        expectClose(result.sum, try golden.scalar("iou.output"), relative: Tolerance.operation)
        expectClose(result.gradient, try golden.tensor("iou.grad_prediction"), relative: Tolerance.operation)
        let elements = try golden.doubles("iou.elements")
        for r in ones.indices {
            let row = IoULoss.sum(prediction.prefix(r..<(r + 1)), target.prefix(r..<(r + 1)), weights: [0.5])
            expectClose(row.sum, 0.5 * elements[r], relative: Tolerance.operation, "row \(r)")
        }
    }

    /// Twice the weight, twice the loss and slope.
    @Test func weightsScaleARowOfGIoU() throws {
        let golden = try GoldenTensors("ops/loss.safetensors")
        let (prediction, target) = (try golden.tensor("giou.prediction"), try golden.tensor("giou.target"))
        let elements = try golden.doubles("giou.elements")
        let weights = elements.indices.map { Float($0 % 3) }
        let result = GIoULoss.sum(prediction, target, weights: weights, epsilon: 0)
        let expected = zip(elements, weights).reduce(0) { $0 + $1.0 * Double($1.1) }
        expectClose(result.sum, expected, relative: Tolerance.operation)
        let gradient = try golden.floats("giou.grad_prediction").enumerated().map { $1 * weights[$0 / 4] }
        expectClose(result.gradient.values, gradient, relative: Tolerance.operation)
    }

    @Test func giouGradientAgreesWithDifferences() {
        // Overlapping, nested either way, disjoint in one axis and in both: away from the kinks.
        let predictions: [[Float]] = [
            [1, 2, 9, 8], [3, 4, 5, 6], [0, 0, 9, 9], [0, 0, 4, 3], [10, 5, 14, 9],
        ]
        let targets: [[Float]] = [
            [3, 3, 12, 7], [1, 2, 9, 8], [2, 3, 5, 6], [7, 8, 12, 9], [1, 6, 8, 8],
        ]
        for (prediction, target) in zip(predictions, targets) {
            func run(_ box: [Float]) -> (sum: Double, gradient: Tensor) {
                GIoULoss.sum(Tensor(box, shape: [1, 4]), Tensor(target, shape: [1, 4]))
            }
            expectGradient(
                run(prediction).gradient.values, of: { run($0).sum }, at: prediction, step: 1e-2,
                "\(prediction)")
        }
    }

    @Test func giouOfEqualAndOfEmptyBoxes() {
        let box = Tensor([1, 2, 5, 7], shape: [1, 4])
        #expect(abs(GIoULoss.sum(box, box).sum) < 1e-6)
        let point = Tensor([3, 3, 3, 3], shape: [1, 4])
        let result = GIoULoss.sum(point, point)
        #expect(result.sum.isFinite && result.gradient.values.allSatisfy { $0.isFinite })
        #expect(GIoULoss.sum(Tensor(zeros: [0, 4]), Tensor(zeros: [0, 4])).sum == 0)
    }
}
