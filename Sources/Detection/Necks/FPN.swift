package import NN
package import Tensors

/// Feature pyramid: 1x1 laterals, a top-down path of nearest up-sampling and addition, a 3x3 convolution per level, and
/// coarser levels by strided 3x3 convolutions or by subsampling.
/// - Source: Lin et al. 2017; behaviour and names as mmdetection's `FPN` (`lateral_convs.i.conv`, `fpn_convs.i.conv`).
package final class FPN: Module {
    /// Where the first coarser level reads from.
    package enum ExtraSource: Sendable {
        /// The backbone's last map (RetinaNet).
        case input
        /// The pyramid's last output (FCOS, torchvision's P6P7 on 256 channels).
        case output
        /// The same, every second pixel of it and no convolution (two-stage detectors).
        case subsampledOutput
    }

    private let startLevel: Int
    private let laterals: [ConvModule]
    private let outputs: [ConvModule]
    private let levelCount: Int
    private let extraSource: ExtraSource
    private let rectifiesExtra: Bool

    /// - inputs: channels of C2...C5; startLevel: first one used (1 for C3).
    /// - levelCount: outputs in all; those beyond the used inputs come from `extraSource`.
    /// - rectifiesExtra: ReLU before the second and later of them.
    package init(
        inputs: [Int], channels: Int, startLevel: Int, levelCount: Int, extraSource: ExtraSource,
        rectifiesExtra: Bool, norm: (mode: NormMode, reducer: any StatisticsReducer)?
    ) {
        let used = Array(inputs[startLevel...])
        precondition(levelCount >= used.count, "\(levelCount) levels from \(used.count) maps")
        self.startLevel = startLevel
        self.extraSource = extraSource
        self.rectifiesExtra = rectifiesExtra
        laterals = used.map { ConvModule($0, channels, kernel: 1, norm: norm, initializer: .xavierUniform) }
        self.levelCount = levelCount
        outputs = (0..<(extraSource == .subsampledOutput ? used.count : levelCount)).map { level in
            let isExtra = level >= used.count
            let fromInput = level == used.count && extraSource == .input
            return ConvModule(
                fromInput ? used[used.count - 1] : channels, channels, kernel: 3, stride: isExtra ? 2 : 1,
                norm: norm, initializer: .xavierUniform)
        }
    }

    /// - features: C2...C5. Returns the pyramid, finest first.
    package func callAsFunction(_ features: [Variable], _ tape: Tape) -> [Variable] {
        let used = Array(features[startLevel...])
        var merged = zip(laterals, used).map { $0($1, tape) }
        for i in stride(from: merged.count - 1, to: 0, by: -1) {
            merged[i - 1] = tape.upsampleAdd(merged[i - 1], merged[i])
        }
        var pyramid = zip(outputs, merged).map { $0($1, tape) }
        for level in used.count..<levelCount {
            guard level < outputs.count else {
                pyramid.append(tape.maxPool(pyramid[level - 1], kernel: 1, stride: 2, padding: 0))
                continue
            }
            let isFirst = level == used.count
            let source = isFirst && extraSource == .input ? used[used.count - 1] : pyramid[level - 1]
            pyramid.append(outputs[level](rectifiesExtra && !isFirst ? tape.relu(source) : source, tape))
        }
        return pyramid
    }

    package func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("lateral_convs", laterals)
        visitor.visit("fpn_convs", outputs)
    }
}
