internal import Detection
internal import NN
internal import Tensors

/// The part of a Cascade R-CNN that the contrastive loss reads, as the momentum network holds it: pyramid, first stage and
/// every second stage with its boxes, which move the regions for the next one. The backbone is frozen and shared.
final class MomentumCascadeBranch: Module {
    let neck: FPN
    let rpnHead: RPNHead
    let boxHeads: [BBoxHead]

    init(neck: FPN, rpnHead: RPNHead, boxHeads: [BBoxHead]) {
        self.neck = neck
        self.rpnHead = rpnHead
        self.boxHeads = boxHeads
    }

    func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("neck", neck)
        visitor.visit("rpn_head", rpnHead)
        visitor.visit("roi_head.bbox_head", boxHeads)
    }
}
