internal import Detection
internal import NN
internal import Tensors

/// The part of a Faster R-CNN that the contrastive loss reads, as the momentum network holds it: pyramid, first stage, and
/// of the second stage all but the boxes. The backbone is frozen and shared.
final class MomentumRegionBranch: Module {
    let neck: FPN
    let rpnHead: RPNHead
    let boxHead: BBoxHead

    init(neck: FPN, rpnHead: RPNHead, boxHead: BBoxHead) {
        (self.neck, self.rpnHead, self.boxHead) = (neck, rpnHead, boxHead)
    }

    func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("neck", neck)
        visitor.visit("rpn_head", rpnHead)
        visitor.visit("roi_head.bbox_head.shared_convs", boxHead.convolutions)
        visitor.visit("roi_head.bbox_head.shared_fcs", boxHead.layers)
        visitor.visit("roi_head.bbox_head.fc_cls.0", boxHead.projection?.hidden)
        visitor.visit("roi_head.bbox_head.fc_cls.2", boxHead.projection?.output)
    }
}
