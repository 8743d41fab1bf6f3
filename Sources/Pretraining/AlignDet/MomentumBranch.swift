internal import Detection
internal import NN
internal import Tensors

/// The part of a RetinaNet that the contrastive loss reads, as the momentum network holds it: pyramid, class tower and
/// projection. The backbone is frozen and shared; no loss reads a momentum box branch, so there is none.
final class MomentumBranch: Module {
    let neck: FPN
    let head: RetinaHead

    init(neck: FPN, head: RetinaHead) { (self.neck, self.head) = (neck, head) }

    func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("neck", neck)
        visitor.visit("bbox_head.cls_convs", head.classTower)
        visitor.visit("bbox_head.retina_cls", head.projection)
    }
}
