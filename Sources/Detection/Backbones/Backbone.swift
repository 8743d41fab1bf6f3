package import NN
package import Tensors

/// Turns images into feature maps at strides 4, 8, 16 and 32.
package protocol Backbone: Module {
    /// Channels of C2, C3, C4 and C5.
    var outputChannels: [Int] { get }
    /// - images: [N, H, W, 3], normalised; H and W multiples of 32.
    /// - paths: which residual branches are skipped, where a network skips any; nil in evaluation.
    /// - Returns: C2...C5, [N, H / stride, W / stride, C]. Frozen parts run folded and leave constants.
    func callAsFunction(_ images: Tensor, paths: PathDraws?, _ tape: Tape) -> [Variable]
    /// Paths of parameters that are never trained, as prefixes.
    var frozenPrefixes: [String] { get }
}

extension Backbone {
    /// The same as in evaluation: nothing is skipped.
    package func callAsFunction(_ images: Tensor, _ tape: Tape) -> [Variable] {
        self(images, paths: nil, tape)
    }
}
