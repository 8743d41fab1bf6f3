internal import NN
internal import Tensors

/// Squares of four pixels become one of twice the channels.
/// - Source: Liu et al. 2021, section 3.1; names as the authors'.
final class PatchMerging: Module {
    private let norm: LayerNorm
    /// [2 C, 4 C], without a bias.
    private let reduction: Parameter

    init(_ width: Int) {
        norm = LayerNorm(4 * width)
        reduction = Parameter([2 * width, 4 * width], .normal(0.02))
    }

    /// - x: [N, H, W, C]. Returns [N, H / 2, W / 2, 2 C], sizes rounded up.
    func callAsFunction(_ x: Variable, _ tape: Tape) -> Variable {
        let joined = norm(tape.joinedSquares(x), tape)
        let (shape, width) = (joined.shape, reduction.shape[0])
        return tape.linear(joined.rows, weight: reduction.leaf, bias: nil)
            .reshaped([shape[0], shape[1], shape[2], width])
    }

    func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("norm", norm)
        visitor.visit("reduction.weight", reduction)
    }
}
