internal import DetectionData
internal import NN
internal import Tensors

/// The first stage's losses over drawn anchors. R cells, S shapes of a cell.
struct RPNLoss {
    let loss: RetinaNet.Settings.BoxLoss
    let anchors: AnchorSet
    let drawn: DrawnAnchors

    /// - logits: [R, S]; deltas: [R, 4 S]; of the cells of `drawn`, level after level.
    func terms(logits: Variable, deltas: Variable, _ targets: [Target], _ tape: Tape) -> [LossTerm] {
        let positives = drawn.elements.filter { $0.box >= 0 }
        let classes = sum(logits, width: 1, drawn.elements, tape) { prediction in
            BinaryCrossEntropy.sum(prediction, targets: drawn.elements.map { $0.box >= 0 ? 1 : 0 })
        }
        let boxes = sum(deltas, width: 4, positives, tape) { prediction in
            loss.evaluate(
                prediction, positives.map { targets[$0.image].boxes[Int($0.box)] }, anchors,
                positives.map(\.anchor))
        }
        return [
            LossTerm("loss_rpn_cls", sum: classes, divisor: drawn.divisor),
            LossTerm("loss_rpn_bbox", sum: boxes, divisor: drawn.divisor),
        ]
    }

    /// A loss of some anchors' rows of `width` numbers.
    private func sum(
        _ output: Variable, width: Int, _ elements: [DrawnAnchors.Element], _ tape: Tape,
        _ loss: (Tensor) -> (sum: Double, gradient: Tensor)
    ) -> Variable {
        let rows = elements.map(\.row)
        let shape = [output.tensor.count / width, width]
        let part = loss(Elementwise.gatherRows(output.tensor.reshaped(shape), rows))
        let gradient = Tensor(zeros: output.shape)
        Elementwise.scatterAddRows(part.gradient, rows, into: gradient.reshaped(shape))
        return tape.scalar(part.sum, gradients: [(output, gradient)])
    }
}
