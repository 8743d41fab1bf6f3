internal import Detection
internal import NN
internal import Tensors

/// The part of an FCOS that the contrastive loss reads, as the momentum network holds it: pyramid, class
/// tower and projection. The backbone is frozen and shared; no loss reads a momentum box branch, so there is
/// none.
final class MomentumPointBranch: Module {
    let neck: FPN
    let head: FCOSHead

    init(neck: FPN, head: FCOSHead) { (self.neck, self.head) = (neck, head) }

    func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("neck", neck)
        visitor.visit("bbox_head.cls_convs", head.classTower)
        visitor.visit("bbox_head.conv_cls", head.projection)
    }
}
