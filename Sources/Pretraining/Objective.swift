package import Detection
package import DetectionData
package import NN
package import Tensors

/// What a training step is about: a network, what is trained of it, and the losses of a micro-batch.
package protocol Objective: AnyObject {
    /// The network that a checkpoint holds under its own names.
    var network: any Module { get }
    /// The network as a detector that can be scored; nil where what is trained does not detect.
    var scoredDetector: (any Detector)? { get }
    /// Everything an optimizer changes.
    var arena: ParameterArena { get }
    /// Views of each image that `losses` expects.
    var viewCount: Int { get }
    /// Names of the loss terms, in the order in which `losses` returns them.
    var lossNames: [String] { get }
    /// The losses of one micro-batch.
    /// - views: one batch per view, the same images in the same order.
    /// - moment: keys every random draw, with each image's id.
    func losses(_ views: [Batch], at moment: StepMoment, _ tape: Tape) -> [LossTerm]
    /// Called after each update of the parameters.
    func didUpdate(at moment: StepMoment)
    /// State beyond the network that a resumed run needs, such as a momentum copy; under paths of its own.
    var companionTensors: [(path: String, tensor: Tensor)] { get }
    /// To be called after `companionTensors` or the network were overwritten from outside.
    func didLoad()
}

/// A position in a run: all that randomness and schedules may depend on.
package struct StepMoment: Sendable {
    package let seed: UInt64
    /// From 0.
    package let step: Int
    package let stepCount: Int

    package init(seed: UInt64, step: Int, stepCount: Int) {
        (self.seed, self.step, self.stepCount) = (seed, step, stepCount)
    }
}

extension Batch {
    /// The pixels as a tensor, [N, H, W, 3].
    package func images(_ dtype: DType = .float32) -> Tensor {
        Tensor(pixels, shape: [count, height, width, 3]).converted(to: dtype)
    }
}
