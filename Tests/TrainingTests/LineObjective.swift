import Detection
import DetectionData
import NN
import Pretraining
import Tensors

/// The smallest objective with a known gradient: the mean over a batch's pixels of weight · pixel + bias, so
/// that the weight's gradient is the mean pixel and the bias's is 1.
final class LineObjective: Objective {
    private let line = Linear(3, 1, initializer: .zeros)
    private let unused = Parameter([5], .zeros)
    let arena: ParameterArena
    let viewCount = 1
    let lossNames = ["loss_line"]
    /// Multiplies the gradient alone, not the loss.
    var slope: Float = 1
    private(set) var updateCount = 0

    /// - weight: of red, green and blue.
    init(weight: [Float], bias: Float) {
        arena = ParameterArena(line.namedParameters + [("unused", unused)])
        line.weight.assign(Tensor(weight, shape: [1, 3]))
        line.bias.assign(Tensor([bias], shape: [1]))
    }

    var network: any Module { line }
    var scoredDetector: (any Detector)? { nil }
    var companionTensors: [(path: String, tensor: Tensor)] { [] }
    func didUpdate(at moment: StepMoment) { updateCount += 1 }
    func didLoad() {}

    func losses(_ views: [Batch], at moment: StepMoment, _ tape: Tape) -> [LossTerm] {
        let output = line(Variable(constant: views[0].images).rows, tape)
        let sum = output.tensor.values.reduce(0.0) { $0 + Double($1) }
        let scalar = tape.scalar(sum, gradients: [(output, Tensor(repeating: slope, shape: output.shape))])
        return [LossTerm("loss_line", sum: scalar, divisor: Double(output.tensor.count))]
    }

    /// Weight, then bias.
    var values: [Float] { line.weight.value.values + line.bias.value.values }
}

extension Batch {
    /// One image of one row.
    init(pixels: [[Float]]) {
        let target = Target(
            boxes: [], labels: [], boxIDs: [], imageID: 0, originalWidth: pixels.count, originalHeight: 1,
            scaleX: 1,
            scaleY: 1, flipped: false, validWidth: pixels.count, validHeight: 1)
        self.init(count: 1, height: 1, width: pixels.count, pixels: pixels.flatMap { $0 }, targets: [target])
    }
}
