internal import NN
internal import Tensors

/// A block of a Swin transformer: attention inside windows, then two layers on every pixel, each behind a norm and
/// beside a shortcut.
/// - Source: Liu et al. 2021, equation 3; names as the authors'.
final class SwinBlock: Module {
    /// fc2(gelu(fc1 x)) with four times the channels between.
    private final class Perceptron: Module {
        let first: Linear
        let second: Linear

        init(_ width: Int) {
            first = Linear(width, 4 * width, initializer: .normal(0.02))
            second = Linear(4 * width, width, initializer: .normal(0.02))
        }

        func callAsFunction(_ x: Variable, _ tape: Tape) -> Variable {
            second(tape.gelu(first(x.rows, tape)), tape).reshaped(x.shape)
        }

        func visit(_ visitor: inout ParameterVisitor) {
            visitor.visit("fc1", first)
            visitor.visit("fc2", second)
        }
    }

    private let norms: [LayerNorm]
    private let attention: WindowAttention
    private let perceptron: Perceptron
    /// Probability with which an image skips each of the two branches in training.
    private let dropRate: Float
    /// The block's place in the network.
    private let index: Int

    init(_ width: Int, headCount: Int, window: Int, dropRate: Float, index: Int) {
        norms = (0..<2).map { _ in LayerNorm(width) }
        attention = WindowAttention(width, headCount: headCount, window: window)
        perceptron = Perceptron(width)
        (self.dropRate, self.index) = (dropRate, index)
    }

    /// - x: [N, H, W, C]; mask: the grid's.
    /// - paths: nil where no branch is skipped.
    func callAsFunction(_ x: Variable, _ grid: WindowGrid, mask: Tensor?, paths: PathDraws?, _ tape: Tape)
        -> Variable
    {
        // Padding comes after the norm: it is 0, and attended to as any other pixel.
        let windows = tape.windows(norms[0](x, tape), grid)
        let y = add(x, tape.merged(attention(windows, mask: mask, tape), grid), 0, paths, tape)
        return add(y, perceptron(norms[1](y, tape), tape), 1, paths, tape)
    }

    private func add(_ x: Variable, _ branch: Variable, _ which: Int, _ paths: PathDraws?, _ tape: Tape)
        -> Variable
    {
        guard let paths, dropRate > 0 else { return tape.add(x, branch) }
        return tape.add(x, branch, factors: paths.factors(rate: dropRate, branch: 2 * index + which))
    }

    func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("norm1", norms[0])
        visitor.visit("attn", attention)
        visitor.visit("norm2", norms[1])
        visitor.visit("mlp", perceptron)
    }
}
