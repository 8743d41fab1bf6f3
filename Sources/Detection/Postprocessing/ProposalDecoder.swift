package import DetectionData
internal import Foundation
internal import Tensors

/// From the first stage's outputs to the regions that the second one looks at.
package struct ProposalDecoder {
    private let settings: RPNSettings
    private let anchors: AnchorSet

    package init(settings: RPNSettings, anchors: AnchorSet) { (self.settings, self.anchors) = (settings, anchors) }

    /// Regions of every image, best first, inside the picture. They are constants: no gradient flows through them.
    package func proposals(_ output: DenseOutput, _ targets: [Target], limits: RPNSettings.Limits) -> [[Box]] {
        targets.enumerated().map { n, target in
            var boxes: [Box] = []
            var scores: [Float] = []
            var levels: [Int32] = []
            for level in 0..<anchors.levelCount {
                let range = anchors.levelRange(level)
                let logits = output.logits[level].tensor.floats + n * range.count
                let deltas = output.deltas[level].tensor.floats + n * range.count * 4
                for i in TopScores.best(limits.perLevel, of: UnsafeBufferPointer(start: logits, count: range.count)) {
                    let box = BoxCoder.decode(
                        anchor: anchors.boxes.floats + 4 * (range.lowerBound + i), deltas: deltas + 4 * i
                    ).clipped(width: Float(target.validWidth), height: Float(target.validHeight))
                    guard box.width > 0, box.height > 0, box.width >= settings.minimumSide,
                        box.height >= settings.minimumSide
                    else { continue }
                    boxes.append(box)
                    scores.append(1 / (1 + exp(-logits[i])))
                    levels.append(Int32(level))
                }
            }
            return NonMaximumSuppression.survivors(
                boxes, scores: scores, groups: levels, threshold: settings.suppressionThreshold, limit: limits.total
            ).map { boxes[$0] }
        }
    }
}
