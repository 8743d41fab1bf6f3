internal import DetectionData
internal import Foundation
internal import NN
internal import Tensors

extension RetinaNet.Settings.BoxLoss {
    /// The loss between predicted offsets of chosen anchors and true boxes, with its gradient by the offsets.
    /// - prediction: [R, 4]; boxes, chosen: R of each.
    func evaluate(
        _ prediction: Tensor, _ boxes: [Box], _ anchors: AnchorSet, _ chosen: [Int]
    ) -> (sum: Double, gradient: Tensor) {
        switch self {
        case .offsets(let loss):
            return loss.sum(prediction, DenseTargets.deltas(boxes, anchors, chosen))
        case .giou:
            return giou(prediction, boxes, anchors, chosen)
        }
    }

    /// GIoU of decoded boxes; the gradient goes back through the decoding by the chain rule.
    private func giou(
        _ prediction: Tensor, _ boxes: [Box], _ anchors: AnchorSet, _ chosen: [Int]
    ) -> (sum: Double, gradient: Tensor) {
        let decoded = Tensor(uninitialized: prediction.shape)
        let truth = Tensor(boxes.flatMap { [$0.x1, $0.y1, $0.x2, $0.y2] }, shape: prediction.shape)
        for (row, anchor) in chosen.enumerated() {
            let box = BoxCoder.decode(anchor: anchors.boxes.floats + 4 * anchor, deltas: prediction.floats + 4 * row)
            let p = decoded.floats + 4 * row
            (p[0], p[1], p[2], p[3]) = (box.x1, box.y1, box.x2, box.y2)
        }
        let loss = GIoULoss.sum(decoded, truth)
        for (row, anchor) in chosen.enumerated() {
            let a = anchors.boxes.floats + 4 * anchor
            let (b, g) = (decoded.floats + 4 * row, loss.gradient.floats + 4 * row)
            let (aw, ah) = (a[2] - a[0], a[3] - a[1])
            let d = prediction.floats + 4 * row
            // x1 = cx - w/2, x2 = cx + w/2 with cx = a + dx aw and w = e^dw aw.
            let (x1, y1, x2, y2) = (g[0], g[1], g[2], g[3])
            g[0] = (x1 + x2) * aw
            g[1] = (y1 + y2) * ah
            g[2] = abs(d[2]) <= BoxCoder.largestLog ? (x2 - x1) * (b[2] - b[0]) / 2 : 0
            g[3] = abs(d[3]) <= BoxCoder.largestLog ? (y2 - y1) * (b[3] - b[1]) / 2 : 0
        }
        return loss
    }
}
