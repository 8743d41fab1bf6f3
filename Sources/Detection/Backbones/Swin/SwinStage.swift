internal import NN
internal import Tensors

/// A stage of a Swin transformer: blocks at one size, every other one with shifted windows, and the step to the next.
/// - Source: Liu et al. 2021, section 3.1; names as the authors'.
final class SwinStage: Module {
    private let blocks: [SwinBlock]
    private let merging: PatchMerging?
    private let window: Int
    private let recomputes: Bool
    /// The mask of the last size: photographs come in few sizes, and every block with a shift reads the same.
    private var mask: (grid: WindowGrid, values: Tensor?)?

    /// - dropRates: of each block; firstIndex: of its first block in the network.
    /// - merges: false in the last stage.
    /// - recomputes: whether in training each block saves its input alone and runs twice.
    init(
        _ width: Int, headCount: Int, window: Int, dropRates: [Float], firstIndex: Int, merges: Bool,
        recomputes: Bool
    ) {
        blocks = dropRates.enumerated().map { i, rate in
            SwinBlock(width, headCount: headCount, window: window, dropRate: rate, index: firstIndex + i)
        }
        merging = merges ? PatchMerging(width) : nil
        (self.window, self.recomputes) = (window, recomputes)
    }

    /// - x: [N, H, W, C]. Returns what its blocks give, and the next stage's input.
    func callAsFunction(_ x: Variable, paths: PathDraws?, _ tape: Tape) -> (output: Variable, next: Variable)
    {
        let (height, width) = (x.shape[1], x.shape[2])
        let plain = WindowGrid(height: height, width: width, window: window, shift: 0)
        let shifted = WindowGrid(height: height, width: width, window: window, shift: window / 2)
        var output = x
        for (i, block) in blocks.enumerated() {
            let (grid, mask) = i % 2 == 0 ? (plain, nil) : (shifted, mask(of: shifted))
            let run = { (x: Variable, tape: Tape) in block(x, grid, mask: mask, paths: paths, tape) }
            output = recomputes ? tape.recomputed(output, run) : run(output, tape)
        }
        return (output, merging.map { $0(output, tape) } ?? output)
    }

    private func mask(of grid: WindowGrid) -> Tensor? {
        if let mask, mask.grid == grid { return mask.values }
        let values = grid.mask
        mask = (grid, values)
        return values
    }

    func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("blocks", blocks)
        visitor.visit("downsample", merging)
    }
}
