extension Tape {
    /// A scalar whose gradients were computed along with its value, as every loss here does.
    /// - gradients: for each input the derivative of the scalar, of the input's size; handed over, to be overwritten.
    package func scalar(_ value: Double, gradients: [(input: Variable, gradient: Tensor)]) -> Variable {
        record(Tensor(Float(value)), inputs: gradients.map(\.input)) { dy, tape in
            let factor = dy.scalar
            for (input, gradient) in gradients where input.needsGradient {
                if factor != 1 { Elementwise.scale(gradient, by: factor) }
                tape.add(gradient, to: input)
            }
        }
    }
}
