package import DetectionData
package import NN
package import Tensors

/// A network that finds objects: it can be trained on boxes and asked for boxes.
package protocol Detector: Module {
    /// Names of the supervised losses, in order.
    var lossNames: [String] { get }
    /// The supervised losses of one micro-batch.
    /// - images: [N, H, W, 3] normalised; targets: one per image, boxes in network-input pixels.
    /// - draws: where samplers get their random numbers.
    func losses(_ images: Tensor, _ targets: [Target], draws: DrawKey, _ tape: Tape) -> [LossTerm]
    /// Objects per image, best first, in the image's own pixels.
    func detect(_ images: Tensor, _ targets: [Target]) -> [[DetectedObject]]
    /// Paths of parameters that are not trained, as prefixes.
    var frozenPrefixes: [String] { get }
}

extension Detector {
    /// Parameters that an optimizer changes.
    package var trainedParameters: [(path: String, parameter: Parameter)] {
        let frozen = frozenPrefixes
        return namedParameters.filter { entry in
            entry.parameter.isTrainable && !frozen.contains { entry.path.hasPrefix($0) }
        }
    }
}
