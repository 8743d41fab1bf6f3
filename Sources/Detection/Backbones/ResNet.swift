package import NN
package import Tensors

/// ResNet-18, 34, 50 or 101 without its classifier.
/// - Source: He et al. 2016; parameter names as torchvision's.
package final class ResNet: Backbone {
    package enum Depth: Int, Sendable {
        case eighteen = 18
        case thirtyFour = 34
        case fifty = 50
        case hundredOne = 101

        var blockCounts: [Int] {
            switch self {
            case .eighteen: [2, 2, 2, 2]
            case .thirtyFour, .fifty: [3, 4, 6, 3]
            case .hundredOne: [3, 4, 23, 3]
            }
        }
        package var isBottleneck: Bool { self == .fifty || self == .hundredOne }
    }

    package let outputChannels: [Int]
    private let stem: Conv2d
    private let stemNorm: BatchNorm2d
    private let stages: [[ResidualBlock]]
    private let frozenStages: Int
    private let recomputedStages: Int
    private var foldedStem: FoldedConvolution?

    /// - frozenStages: -1 nothing, 0 the stem, s the stem and the first s stages, 4 everything.
    /// - norm: mode of the batch norms that are not frozen.
    /// - recomputedStages: of the first so many stages, each trained block saves its input alone and runs twice.
    package init(
        _ depth: Depth, frozenStages: Int, norm: NormMode, recomputedStages: Int = 0,
        reducer: any StatisticsReducer = LocalStatistics()
    ) {
        precondition((-1...4).contains(frozenStages), "frozen stages \(frozenStages) of -1...4")
        (self.frozenStages, self.recomputedStages) = (frozenStages, recomputedStages)
        func makeNorm(_ channels: Int, stage: Int) -> BatchNorm2d {
            BatchNorm2d(channels, mode: stage <= frozenStages ? .frozen : norm, reducer: reducer)
        }
        stem = Conv2d(3, 64, kernel: 7, stride: 2, bias: false)
        stemNorm = makeNorm(64, stage: 0)
        let expansion = depth.isBottleneck ? 4 : 1
        var inputs = 64
        stages = depth.blockCounts.enumerated().map { stage, count in
            let width = 64 << stage
            return (0..<count).map { block in
                defer { inputs = width * expansion }
                return ResidualBlock(
                    inputs: inputs, width: width, stride: block == 0 && stage > 0 ? 2 : 1,
                    bottleneck: depth.isBottleneck, norm: { makeNorm($0, stage: stage + 1) })
            }
        }
        outputChannels = (0..<4).map { (64 << $0) * expansion }
    }

    package func callAsFunction(_ images: Tensor, paths: PathDraws?, _ tape: Tape) -> [Variable] {
        var x = runStem(images, tape)
        var outputs: [Variable] = []
        for (i, blocks) in stages.enumerated() {
            if i + 1 <= frozenStages {
                var map = x.tensor
                for (j, block) in blocks.enumerated() { map = block.frozen(map, mayOverwrite: j > 0) }
                x = Variable(constant: map)
            } else {
                for block in blocks {
                    x = i < recomputedStages ? tape.recomputed(x) { block($0, $1) } : block(x, tape)
                }
            }
            outputs.append(x)
        }
        return outputs
    }

    private func runStem(_ images: Tensor, _ tape: Tape) -> Variable {
        let pool = frozenStages >= 0 ? Tape(recording: false) : tape
        if frozenStages < 0 {
            let x = stemNorm(stem(Variable(constant: images), tape), tape, activation: .relu)
            return pool.maxPool(x, kernel: 3, stride: 2, padding: 1)
        }
        let folded = foldedStem ?? FoldedConvolution(stem, stemNorm, activation: .relu)
        foldedStem = folded
        return pool.maxPool(Variable(constant: folded(images)), kernel: 3, stride: 2, padding: 1)
    }

    package var frozenPrefixes: [String] {
        frozenStages < 0 ? [] : ["conv1.", "bn1."] + (0..<frozenStages).map { "layer\($0 + 1)." }
    }

    package func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("conv1", stem)
        visitor.visit("bn1", stemNorm)
        for (i, blocks) in stages.enumerated() { visitor.visit("layer\(i + 1)", blocks) }
        visitor.onLoad { [unowned self] in foldedStem = nil }
    }
}
