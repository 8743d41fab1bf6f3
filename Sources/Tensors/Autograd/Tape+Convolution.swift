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
        return record(
            y, inputs: [x], leaves: [weight] + (bias.map { [$0] } ?? []), rectified: Rectified(y, activation)
        ) { gradient, tape in
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
}
