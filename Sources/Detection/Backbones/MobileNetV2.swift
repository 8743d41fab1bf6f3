package import NN
package import Tensors

/// MobileNetV2 1.0 up to its last block, 320 channels at stride 32.
/// - Source: Sandler et al. 2018, table 2; parameter names as torchvision's `features.0` ... `features.17`.
package final class MobileNetV2: Backbone {
    /// Expansion, channels, blocks and first stride of each of the seven stages.
    private static let stages: [(expansion: Int, channels: Int, blocks: Int, stride: Int)] = [
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
    ]
    /// Features whose output is C2, C3, C4 and C5.
    private static let outputFeatures = [3, 6, 13, 17]

    package let outputChannels = [24, 32, 96, 320]
    private let stem: Conv2d
    private let stemNorm: BatchNorm2d
    private let blocks: [InvertedResidual]
    /// Leading features that are frozen: all (18), none (0), or the stem and some stages.
    private let frozenFeatureCount: Int
    private var foldedStem: FoldedConvolution?

    /// - frozenStages: -1 nothing, 0 the stem, s the stem and the first s of seven stages.
    /// - norm: mode of the batch norms that are not frozen.
    package init(frozenStages: Int, norm: NormMode, reducer: any StatisticsReducer = LocalStatistics()) {
        precondition((-1...7).contains(frozenStages), "frozen stages \(frozenStages) of -1...7")
        let frozen = frozenStages < 0 ? 0 : 1 + Self.stages.prefix(frozenStages).reduce(0) { $0 + $1.blocks }
        frozenFeatureCount = frozen
        func makeNorm(_ channels: Int, _ feature: Int) -> BatchNorm2d {
            BatchNorm2d(channels, mode: feature < frozen ? .frozen : norm, reducer: reducer)
        }
        stem = Conv2d(3, 32, kernel: 3, stride: 2, bias: false)
        stemNorm = makeNorm(32, 0)
        var inputs = 32
        var blocks: [InvertedResidual] = []
        for stage in Self.stages {
            for block in 0..<stage.blocks {
                let feature = blocks.count + 1
                blocks.append(
                    InvertedResidual(
                        inputs: inputs, outputs: stage.channels, stride: block == 0 ? stage.stride : 1,
                        expansion: stage.expansion, norm: { makeNorm($0, feature) }))
                inputs = stage.channels
            }
        }
        self.blocks = blocks
    }

    package func callAsFunction(_ images: Tensor, _ tape: Tape) -> [Variable] {
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
                x = block(x, tape)
            }
            if Self.outputFeatures.contains(feature) { outputs.append(x) }
        }
        return outputs
    }

    package var frozenPrefixes: [String] { (0..<frozenFeatureCount).map { "features.\($0)." } }

    package func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("features.0.0", stem)
        visitor.visit("features.0.1", stemNorm)
        for (i, block) in blocks.enumerated() { visitor.visit("features.\(i + 1)", block) }
        visitor.onLoad { [unowned self] in foldedStem = nil }
    }
}
