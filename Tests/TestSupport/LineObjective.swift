package import Detection
package import DetectionData
package import NN
package import Pretraining
package import Tensors

/// The smallest objective with a known gradient: the mean over a batch's pixels of weight · pixel + bias, so
/// that the weight's gradient is the mean pixel and the bias's is 1.
package final class LineObjective: Objective {
    private let line = Linear(3, 1, initializer: .zeros)
    private let unused = Parameter([5], .zeros)
    package let arena: ParameterArena
    package let viewCount = 1
    package let lossNames = ["loss_line"]
    /// Multiplies the gradient alone, not the loss.
    package var slope: Float = 1
    package private(set) var updateCount = 0

    /// - weight: of red, green and blue.
    package init(weight: [Float], bias: Float) {
        arena = ParameterArena(line.namedParameters + [("unused", unused)])
        line.weight.assign(Tensor(weight, shape: [1, 3]))
        line.bias.assign(Tensor([bias], shape: [1]))
    }

    package var network: any Module { line }
    package var scoredDetector: (any Detector)? { nil }
    package var companionTensors: [(path: String, tensor: Tensor)] { [] }
    package func didUpdate(at moment: StepMoment) { updateCount += 1 }
    package func didLoad() {}

    package func losses(_ views: [Batch], at moment: StepMoment, _ tape: Tape) -> [LossTerm] {
        let output = line(Variable(constant: views[0].images()).rows, tape)
        let sum = output.tensor.values.reduce(0.0) { $0 + Double($1) }
        let scalar = tape.scalar(sum, gradients: [(output, Tensor(repeating: slope, shape: output.shape))])
        return [LossTerm("loss_line", sum: scalar, divisor: Double(output.tensor.count))]
    }

    /// Weight, then bias.
    package var values: [Float] { line.weight.value.values + line.bias.value.values }
}

extension Batch {
    /// One image of one row.
    package init(pixels: [[Float]]) {
        let target = Target(
            boxes: [], labels: [], boxIDs: [], imageID: 0, originalWidth: pixels.count, originalHeight: 1,
            scaleX: 1,
            scaleY: 1, flipped: false, validWidth: pixels.count, validHeight: 1)
        self.init(count: 1, height: 1, width: pixels.count, pixels: pixels.flatMap { $0 }, targets: [target])
    }
}
