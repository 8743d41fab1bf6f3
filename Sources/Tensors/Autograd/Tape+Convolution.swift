internal import CKernels

extension Tape {
    /// activation(x * weight + bias).
    /// - x: [N, H, W, C]; weight: [O, C / groups, KH, KW]; bias: [O].
    /// - Returns: [N, OH, OW, O].
    package func conv2d(
        _ x: Variable, weight: Leaf, bias: Leaf? = nil, geometry: ConvolutionGeometry,
        activation: Activation = .none
    ) -> Variable {
        let y = Convolution.forward(
            x.tensor, weight: weight.value, packs: weight.packs, bias: bias?.value, geometry: geometry,
            activation: activation)
        return record(y, inputs: [x], leaves: [weight] + (bias.map { [$0] } ?? [])) { dy, tape in
            let gradient = Self.masked(&dy, by: y, activation)
            weight.addConvolutionGradient(x.tensor, gradient, geometry)
            bias?.withGradient { biasGradient, accumulate in
                Elementwise.columnSums(gradient, into: biasGradient, accumulate: accumulate)
            }
            tape.add(
                Convolution.backwardData(
                    gradient, weight: weight.value, packs: weight.packs, inputShape: x.shape,
                    geometry: geometry),
                to: x)
        }
    }

    /// The gradient before a fused activation, from that after it; in place where possible.
    static func masked(_ dy: inout Tensor, by y: Tensor, _ activation: Activation) -> Tensor {
        guard activation != .none else { return dy }
        let out = dy.reusable()
        ck_relu_backward(y.dtype.code, Int64(y.count), activation.ceiling, y.raw, dy.raw, out.raw)
        return out
    }
}
