package import Detection
package import NN
package import Tensors

/// An objective whose trained network is followed by a momentum network: two views of each image, one for each.
package protocol MomentumObjective: Objective {
    /// What the momentum network has of its own.
    var targetNetwork: any Module { get }
    var momentum: MomentumPair { get }
}

extension MomentumObjective {
    package var viewCount: Int { 2 }
    package var scoredDetector: (any Detector)? { nil }

    package var companionTensors: [(path: String, tensor: Tensor)] {
        targetNetwork.namedTensors.map { ("target." + $0.path, $0.tensor) }
    }

    package func didLoad() {
        network.didLoad()
        targetNetwork.didLoad()
    }

    package func didUpdate(at moment: StepMoment) {
        momentum.follow(step: moment.step, stepCount: moment.stepCount)
    }
}
