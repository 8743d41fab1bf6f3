package import NN
package import Tensors

/// MobileNetV2 up to its last block, 320 channels at stride 32, or up to the convolution behind it, 1280 channels.
/// - Source: Sandler et al. 2018, table 2; parameter names as torchvision's `features.0` ... `features.18`.
package final class MobileNetV2: Backbone {
    /// Expansion, channels, blocks and first stride of each of the seven stages.
    private static let stages: [(expansion: Int, channels: Int, blocks: Int, stride: Int)] = [
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
        (6, 320, 1, 1),
    ]
    /// Features whose output is C2, C3, C4 and C5.
    private static let outputFeatures = [3, 6, 13, 17]

    package let outputChannels: [Int]
    private let stem: Conv2d
    private let stemNorm: BatchNorm2d
    private let blocks: [InvertedResidual]
    /// 1x1, behind the blocks.
    private let last: (conv: Conv2d, norm: BatchNorm2d)?
    /// Leading features that are frozen: all (18), none (0), or the stem and some stages.
    private let frozenFeatureCount: Int
    /// Leading features of which a trained block saves its input alone and runs twice.
    private let recomputedFeatureCount: Int
    private var foldedStem: FoldedConvolution?
    private var foldedLast: FoldedConvolution?

    /// - width: what channels are multiplied by; they become multiples of 8.
    /// - hasFinalConvolution: whether C5 is the map of the convolution behind the blocks.
    /// - frozenStages: -1 nothing, 0 the stem, s the stem and the first s of seven stages; the last convolution is
    ///   frozen with all seven.
    /// - norm: mode of the batch norms that are not frozen.
    /// - recomputedStages: of the first so many stages, each trained block saves its input alone and runs twice.
    package init(
        width: Double = 1, hasFinalConvolution: Bool = false, frozenStages: Int, norm: NormMode,
        recomputedStages: Int = 0, reducer: any StatisticsReducer = LocalStatistics()
    ) {
        precondition((-1...7).contains(frozenStages), "frozen stages \(frozenStages) of -1...7")
        func featureCount(_ stages: Int) -> Int {
            1 + Self.stages.prefix(stages).reduce(0) { $0 + $1.blocks }
        }
        let frozen = frozenStages < 0 ? 0 : featureCount(frozenStages)
        (frozenFeatureCount, recomputedFeatureCount) = (frozen, featureCount(recomputedStages))
        func makeNorm(_ channels: Int, _ feature: Int) -> BatchNorm2d {
            BatchNorm2d(channels, mode: feature < frozen ? .frozen : norm, reducer: reducer)
        }
        var inputs = Self.scaled(32, width)
        stem = Conv2d(3, inputs, kernel: 3, stride: 2, bias: false)
        stemNorm = makeNorm(inputs, 0)
        var blocks: [InvertedResidual] = []
        for stage in Self.stages {
            let channels = Self.scaled(stage.channels, width)
            for block in 0..<stage.blocks {
                let feature = blocks.count + 1
                blocks.append(
                    InvertedResidual(
                        inputs: inputs, outputs: channels, stride: block == 0 ? stage.stride : 1,
                        expansion: stage.expansion, norm: { makeNorm($0, feature) }))
                inputs = channels
            }
        }
        self.blocks = blocks
        // Narrow networks keep the last convolution wide.
        let outputs = Self.scaled(1280, max(1, width))
        last =
            hasFinalConvolution
            ? (Conv2d(inputs, outputs, kernel: 1, bias: false), makeNorm(outputs, frozenStages == 7 ? 0 : 18))
            : nil
        outputChannels =
            [24, 32, 96].map { Self.scaled($0, width) } + [hasFinalConvolution ? outputs : inputs]
    }

    /// The multiple of 8 next to channels times width, and no less than nine tenths of it.
    /// - Source: torchvision 0.29 `_make_divisible`.
    private static func scaled(_ channels: Int, _ width: Double) -> Int {
        let wanted = Double(channels) * width
        let near = max(8, Int(wanted + 4) / 8 * 8)
        return Double(near) < 0.9 * wanted ? near + 8 : near
    }

    package func callAsFunction(_ images: Tensor, paths: PathDraws?, _ tape: Tape) -> [Variable] {
        var x: Variable
        if frozenFeatureCount > 0 {
            let folded = foldedStem ?? FoldedConvolution(stem, stemNorm, activation: .relu6)
            foldedStem = folded
            x = Variable(constant: folded(images))
        } else {
            x = stemNorm(stem(Variable(constant: images), tape), tape, activation: .relu6)
        }
        var outputs: [Variable] = []
        for (i, block) in blocks.enumerated() {
            let feature = i + 1
            if feature < frozenFeatureCount {
                // A map that was handed out must survive the next block.
                let mayOverwrite = !Self.outputFeatures.contains(feature - 1)
                x = Variable(constant: block.frozen(x.tensor, mayOverwrite: mayOverwrite))
            } else {
                x = feature < recomputedFeatureCount ? tape.recomputed(x) { block($0, $1) } : block(x, tape)
            }
            if Self.outputFeatures.contains(feature) { outputs.append(x) }
        }
        if let last { outputs[3] = end(x, last, tape) }
        return outputs
    }

    /// Whether the convolution behind the blocks is frozen.
    private var freezesLast: Bool { frozenFeatureCount == 1 + blocks.count }

    private func end(_ x: Variable, _ last: (conv: Conv2d, norm: BatchNorm2d), _ tape: Tape) -> Variable {
        guard freezesLast else { return last.norm(last.conv(x, tape), tape, activation: .relu6) }
        let folded = foldedLast ?? FoldedConvolution(last.conv, last.norm, activation: .relu6)
        foldedLast = folded
        return Variable(constant: folded(x.tensor))
    }

    package var frozenPrefixes: [String] {
        (0..<frozenFeatureCount).map { "features.\($0)." } + (freezesLast ? ["features.18."] : [])
    }

    package func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("features.0.0", stem)
        visitor.visit("features.0.1", stemNorm)
        for (i, block) in blocks.enumerated() { visitor.visit("features.\(i + 1)", block) }
        visitor.visit("features.18.0", last?.conv)
        visitor.visit("features.18.1", last?.norm)
        visitor.onLoad { [unowned self] in (foldedStem, foldedLast) = (nil, nil) }
    }
}
