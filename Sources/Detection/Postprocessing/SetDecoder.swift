internal import DetectionData
internal import NN
internal import Tensors

/// From a set detector's outputs to objects: every query says one, of its likeliest class; nothing is
/// suppressed.
/// - Source: facebookresearch/detr `PostProcess`; with clipped boxes mmdetection 2.x's `DETRHead`.
struct SetDecoder {
    let detectionLimit: Int
    /// Whether boxes end at the picture's border.
    let clipsBoxes: Bool

    /// - logits: [N, Q, K + 1]; boxes: [N, Q, 4].
    func detections(_ logits: Tensor, _ boxes: Tensor, _ targets: [Target]) -> [[DetectedObject]] {
        let (queryCount, width) = (logits.shape[1], logits.shape[2])
        let probabilities = CrossEntropy.probabilities(logits)
        return targets.enumerated().map { n, target in
            let (imageWidth, imageHeight) = (Float(target.originalWidth), Float(target.originalHeight))
            let found = (0..<queryCount).map { query in
                let row = n * queryCount + query
                let p = probabilities.floats + row * width
                var label = 0
                for c in 1..<max(2, width - 1) where c < width - 1 && p[c] > p[label] { label = c }
                let box = NormalizedBox(boxes.floats + 4 * row).corners.scaled(x: imageWidth, y: imageHeight)
                return DetectedObject(
                    box: clipsBoxes ? box.clipped(width: imageWidth, height: imageHeight) : box,
                    score: p[label],
                    label: Int32(label))
            }
            let order = found.indices.sorted {
                found[$0].score != found[$1].score ? found[$0].score > found[$1].score : $0 < $1
            }
            return order.prefix(detectionLimit).map { found[$0] }
        }
    }
}
