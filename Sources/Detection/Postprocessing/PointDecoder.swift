internal import DetectionData
internal import Foundation
internal import Tensors

/// From an anchor-free head's outputs to the boxes of each image.
struct PointDecoder {
    let settings: FCOS.Settings
    let points: PointSet

    func detections(_ output: PointOutput, _ targets: [Target]) -> [[DetectedObject]] {
        targets.indices.map { n in
            let candidates = points.levels.indices.flatMap { level in
                levelCandidates(output, targets[n], image: n, level: level)
            }
            return NonMaximumSuppression.apply(
                candidates, threshold: settings.suppressionThreshold, limit: settings.detectionLimit)
        }
    }

    /// The level's best (point, class) pairs above the score threshold, in the image's own pixels.
    private func levelCandidates(
        _ output: PointOutput, _ target: Target, image: Int, level: Int
    ) -> [DetectedObject] {
        let map = output.logits[level].tensor
        let classCount = map.shape[3]
        let classes = Elementwise.sigmoid(map.prefix(image..<(image + 1)))
        let centreness = Elementwise.sigmoid(
            output.boxes.centreness[level].tensor.prefix(image..<(image + 1)))
        var found: [(rank: Float, index: Int)] = []
        for i in 0..<classes.count {
            let rank = rank(classes.floats[i], centreness.floats[i / classCount])
            if rank > settings.scoreThreshold { found.append((rank, i)) }
        }
        if found.count > settings.candidatesPerLevel {
            found.sort { $0.rank != $1.rank ? $0.rank > $1.rank : $0.index < $1.index }
            found.removeLast(found.count - settings.candidatesPerLevel)
        }
        let distances = output.boxes.distances[level].tensor.floats + image * points.levels[level].count * 4
        return found.map { rank, index in
            let cell = index / classCount
            let box = points.decode(distances + 4 * cell, settings.distances, level: level, cell: cell)
                .clipped(width: Float(target.validWidth), height: Float(target.validHeight))
            let score = settings.score == .root ? rank : rank * centreness.floats[cell]
            return DetectedObject(
                box: box.scaled(x: 1 / target.scaleX, y: 1 / target.scaleY), score: score,
                label: Int32(index % classCount))
        }
    }

    /// What the threshold and the choice of candidates go by.
    private func rank(_ probability: Float, _ centreness: Float) -> Float {
        settings.score == .root ? (probability * centreness).squareRoot() : probability
    }
}
