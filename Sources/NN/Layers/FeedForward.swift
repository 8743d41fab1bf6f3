package import Tensors

/// The two layers that follow attention: linear2(dropout(activation(linear1 x))).
///
/// Whoever owns it lists its layers as its own, as PyTorch's transformer layers do.
package final class FeedForward: Module {
    package enum Activation: Sendable {
        case relu, gelu
    }

    private let first: Linear
    private let second: Linear
    private let activation: Activation

    /// - zeroBiases: whether biases start at 0, not within ±1 / sqrt(fan in) as PyTorch's layers do.
    package init(_ width: Int, hidden: Int, activation: Activation = .relu, zeroBiases: Bool) {
        func layer(_ inputs: Int, _ outputs: Int) -> Linear {
            Linear(
                inputs, outputs, initializer: .xavierUniform,
                biasInitializer: zeroBiases ? .zeros : .uniform(1 / Float(inputs).squareRoot()))
        }
        first = layer(width, hidden)
        second = layer(hidden, width)
        self.activation = activation
    }

    /// - x: [..., D]. Returns the same shape.
    package func callAsFunction(_ x: Variable, dropout: DropoutStream? = nil, _ tape: Tape) -> Variable {
        let hidden =
            switch activation {
            case .relu: first(x.rows, tape, activation: .relu)
            case .gelu: tape.gelu(first(x.rows, tape))
            }
        return second(tape.dropout(hidden, dropout?.next()), tape).reshaped(x.shape)
    }

    package func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("linear1", first)
        visitor.visit("linear2", second)
    }
}
