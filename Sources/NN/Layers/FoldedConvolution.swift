package import Tensors

/// A frozen convolution and the frozen batch norm behind it as one convolution with bias, activation and addend done
/// on the fly: what is not trained should cost one pass over memory.
package final class FoldedConvolution {
    private let weight: Tensor
    private let bias: Tensor
    private let packs = WeightPacks()
    private let geometry: ConvolutionGeometry
    private let activation: Activation

    package init(_ convolution: Conv2d, _ norm: BatchNorm2d?, activation: Activation) {
        weight = convolution.weight.value.copied()
        geometry = convolution.geometry
        self.activation = activation
        let outputs = weight.shape[0]
        bias = convolution.bias?.value.copied() ?? Tensor(zeros: [outputs])
        guard let norm else { return }
        let (scale, shift) = norm.affine
        let perOutput = weight.count / outputs
        for o in 0..<outputs {
            for i in 0..<perOutput { weight.floats[o * perOutput + i] *= scale.floats[o] }
            bias.floats[o] = bias.floats[o] * scale.floats[o] + shift.floats[o]
        }
    }

    /// - x: [N, H, W, C]; addend: added before the activation and overwritten with the result.
    package func callAsFunction(_ x: Tensor, addend: Tensor? = nil) -> Tensor {
        Convolution.forward(
            x, weight: weight, packs: packs, bias: bias, geometry: geometry, activation: activation, addend: addend)
    }
}
