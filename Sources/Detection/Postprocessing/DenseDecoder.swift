internal import DetectionData
internal import Foundation
internal import Tensors

/// From a dense head's outputs to the boxes of each image.
struct DenseDecoder {
    let settings: RetinaNet.Settings
    let anchors: AnchorSet

    func detections(_ output: DenseOutput, _ targets: [Target]) -> [[DetectedObject]] {
        targets.indices.map { n in
            let candidates = (0..<anchors.levelCount).flatMap { level in
                levelCandidates(output, targets[n], image: n, level: level)
            }
            return NonMaximumSuppression.apply(
                candidates, threshold: settings.suppressionThreshold, limit: settings.detectionLimit)
        }
    }

    /// The level's best (anchor, class) pairs above the score threshold, in the image's own pixels.
    private func levelCandidates(
        _ output: DenseOutput, _ target: Target, image: Int, level: Int
    ) -> [DetectedObject] {
        let range = anchors.levelRange(level)
        let map = output.logits[level].tensor
        let classCount = map.shape[3] / anchors.shapeCount
        let scores = Elementwise.sigmoid(map.prefix(image..<(image + 1)))
        var found: [(score: Float, index: Int)] = []
        for i in 0..<scores.count where scores.floats[i] > settings.scoreThreshold {
            found.append((scores.floats[i], i))
        }
        if found.count > settings.candidatesPerLevel {
            found.sort { $0.score != $1.score ? $0.score > $1.score : $0.index < $1.index }
            found.removeLast(found.count - settings.candidatesPerLevel)
        }
        let deltas = output.deltas[level].tensor.floats + image * range.count * 4
        return found.map { score, index in
            let anchor = index / classCount
            let box = BoxCoder.decode(
                anchor: anchors.boxes.floats + 4 * (range.lowerBound + anchor), deltas: deltas + 4 * anchor
            ).clipped(width: Float(target.validWidth), height: Float(target.validHeight))
            return DetectedObject(
                box: box.scaled(x: 1 / target.scaleX, y: 1 / target.scaleY), score: score,
                label: Int32(index % classCount))
        }
    }
}
