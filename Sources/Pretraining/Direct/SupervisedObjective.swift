package import Detection
package import DetectionData
package import NN
package import Tensors

/// Training on labelled boxes: fine-tuning, training from scratch, and direct (low-resolution) pre-training.
package final class SupervisedObjective: Objective {
    package let detector: any Detector
    package let arena: ParameterArena
    package let viewCount = 1
    package var lossNames: [String] { detector.lossNames }

    package init(_ detector: any Detector) {
        self.detector = detector
        arena = ParameterArena(detector.trainedParameters)
    }

    package var network: any Module { detector }
    package var scoredDetector: (any Detector)? { detector }

    package func losses(_ views: [Batch], at moment: StepMoment, _ tape: Tape) -> [LossTerm] {
        detector.losses(
            views[0].images(tape.dtype), views[0].targets,
            draws: DrawKey(seed: moment.seed, step: moment.step), tape)
    }

    package func didUpdate(at moment: StepMoment) {}
    package var companionTensors: [(path: String, tensor: Tensor)] { [] }
    package func didLoad() { detector.didLoad() }
}
