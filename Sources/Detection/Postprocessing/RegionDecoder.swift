package import DetectionData
internal import NN
internal import Tensors

/// From the second stage's outputs to the boxes of each image.
package struct RegionDecoder {
    private let settings: RegionSettings

    package init(settings: RegionSettings) { self.settings = settings }

    /// - regions: of every image, in the order of the output's rows.
    /// - Returns: objects in network-input pixels, best first.
    package func detections(
        _ output: RegionOutput, _ regions: [[Box]], _ targets: [Target]
    ) -> [[DetectedObject]] {
        let probabilities = CrossEntropy.probabilities(output.logits.tensor)
        let classCount = output.logits.shape[1] - 1
        let slotCount = output.deltas.shape[1] / 4
        var start = 0
        return zip(regions, targets).map { boxes, target in
            var candidates: [DetectedObject] = []
            for (i, region) in boxes.enumerated() {
                let scores = probabilities.floats + (start + i) * (classCount + 1)
                let deltas = output.deltas.tensor.floats + (start + i) * slotCount * 4
                for label in 0..<classCount where scores[label] > settings.scoreThreshold {
                    let box = BoxCoder.decode(
                        reference: region, deltas: deltas + (slotCount == 1 ? 0 : 4 * label), settings.deviations
                    ).clipped(width: Float(target.validWidth), height: Float(target.validHeight))
                    guard box.width >= settings.minimumSide, box.height >= settings.minimumSide else { continue }
                    candidates.append(DetectedObject(box: box, score: scores[label], label: Int32(label)))
                }
            }
            start += boxes.count
            return NonMaximumSuppression.survivors(
                candidates.map(\.box), scores: candidates.map(\.score), groups: candidates.map(\.label),
                threshold: settings.suppressionThreshold, limit: settings.detectionLimit
            ).map { candidates[$0] }
        }
    }
}
