package import NN
package import Tensors

/// Swin transformer: attention inside windows that shift from block to block, at strides 4, 8, 16 and 32.
/// - Source: Liu et al. 2021, "Swin transformer: hierarchical vision transformer using shifted windows"; parameter
///   names as the authors' detection code, numerics as MMDetection 2.25.
package final class SwinTransformer: Backbone {
    package let outputChannels: [Int]
    /// [C, 3, 4, 4] and [C]
    private let patchWeight: Parameter
    private let patchBias: Parameter
    private let patchNorm: LayerNorm
    private let stages: [SwinStage]
    /// Of each stage's output, before it is handed out.
    private let norms: [LayerNorm]
    private let frozenStages: Int

    /// Pixels along each side of a patch.
    private static let patch = 4

    /// - frozenStages: -1 nothing, 0 the patches, s the patches and the first s stages with their output norms, 4
    ///   everything. What is frozen skips no branches.
    /// - dropPath: probability with which an image skips a branch of the last block; from 0 on in equal steps.
    /// - recomputedStages: of the first so many stages, each trained block saves its input alone and runs twice.
    package init(_ shape: SwinShape, frozenStages: Int, dropPath: Float, recomputedStages: Int = 0) {
        precondition((-1...4).contains(frozenStages), "frozen stages \(frozenStages) of -1...4")
        precondition(dropPath >= 0 && dropPath < 1, "drop path \(dropPath)")
        self.frozenStages = frozenStages
        let patch = Self.patch
        // PyTorch's own start of a convolution: the authors' initialisation passes it by.
        let bound = 1 / Float(3 * patch * patch).squareRoot()
        patchWeight = Parameter([shape.width, 3, patch, patch], .uniform(bound))
        patchBias = Parameter([shape.width], .uniform(bound))
        patchNorm = LayerNorm(shape.width)
        let widths = (0..<4).map { shape.width << $0 }
        var first = 0
        stages = (0..<4).map { stage in
            defer { first += shape.depths[stage] }
            let rates = (first..<(first + shape.depths[stage])).map { block in
                shape.blockCount > 1 ? dropPath * Float(block) / Float(shape.blockCount - 1) : 0
            }
            return SwinStage(
                widths[stage], headCount: shape.headCounts[stage], window: shape.window, dropRates: rates,
                firstIndex: first, merges: stage < 3, recomputes: stage < recomputedStages)
        }
        norms = widths.map { LayerNorm($0) }
        outputChannels = widths
    }

    package func callAsFunction(_ images: Tensor, paths: PathDraws?, _ tape: Tape) -> [Variable] {
        let silent = tape.silent
        let first = frozenStages >= 0 ? silent : tape
        let patches = first.conv2d(
            Variable(constant: Self.padded(images)), weight: patchWeight.leaf, bias: patchBias.leaf,
            geometry: ConvolutionGeometry(stride: Self.patch))
        var x = patchNorm(patches, first)
        return zip(stages, norms).enumerated().map { i, part in
            let isFrozen = i < frozenStages
            let used = isFrozen ? silent : tape
            let (output, next) = part.0(x, paths: isFrozen ? nil : paths, used)
            x = next
            // Norms give 32 bits; what reads the maps computes in the tape's format.
            return used.converted(part.1(output, used), to: used.dtype)
        }
    }

    /// Zeros at the right and bottom up to whole patches.
    private static func padded(_ images: Tensor) -> Tensor {
        let (n, h, w, c) = (images.shape[0], images.shape[1], images.shape[2], images.shape[3])
        let (high, wide) = ((h + patch - 1) / patch * patch, (w + patch - 1) / patch * patch)
        guard high != h || wide != w else { return images }
        let images = images.converted(to: .float32)
        let y = Tensor(zeros: [n, high, wide, c])
        for row in 0..<(n * h) {
            (y.floats + (row / h * high + row % h) * wide * c).update(
                from: images.floats + row * w * c, count: w * c)
        }
        return y
    }

    package var frozenPrefixes: [String] {
        frozenStages < 0
            ? [] : ["patch_embed."] + (0..<frozenStages).flatMap { ["layers.\($0).", "norm\($0)."] }
    }

    package func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("patch_embed.proj.weight", patchWeight)
        visitor.visit("patch_embed.proj.bias", patchBias)
        visitor.visit("patch_embed.norm", patchNorm)
        visitor.visit("layers", stages)
        for (i, norm) in norms.enumerated() { visitor.visit("norm\(i)", norm) }
    }
}
