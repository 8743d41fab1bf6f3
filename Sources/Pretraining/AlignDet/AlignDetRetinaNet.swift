package import Detection
package import DetectionData
package import NN
package import Tensors

/// AlignDet's box-domain pre-training of a RetinaNet on unlabelled images with proposals.
///
/// View 1 goes through the online network, view 2 through the momentum network, both over one frozen backbone. Anchors
/// matched to one proposal in both views attract each other, all others repel (contrastive loss); view 1's matched
/// anchors also learn the proposals' boxes (L1).
/// - Source: Li et al., ICCV 2023; liming-ai/AlignDet `dense_heads/retina_head.py` at d29f70b. Differs: the projection
///   is evaluated at sampled anchors only, the momentum network has no box branch and shares the backbone, and the
///   defects that `AlignDetSettings` names are corrected unless asked for.
package final class AlignDetRetinaNet: MomentumObjective {
    package let arena: ParameterArena
    package let lossNames = ["loss_contrastive", "loss_bbox"]
    private let online: RetinaNet
    private let branch: MomentumBranch
    package let momentum: MomentumPair
    private let settings: AlignDetSettings

    /// - online: initialised, with its backbone's weights loaded and frozen, and a head that ends in a projection.
    /// - momentumNeck, momentumHead: the same architecture, initialised.
    package init(online: RetinaNet, momentumNeck: FPN, momentumHead: RetinaHead, settings: AlignDetSettings) {
        precondition(online.head.projection != nil, "pre-training needs a head with a projection")
        self.online = online
        self.settings = settings
        arena = ParameterArena(online.trainedParameters)
        branch = MomentumBranch(neck: momentumNeck, head: momentumHead)
        momentum = MomentumPair(online: arena, target: branch, settings)
    }

    package var network: any Module { online }
    package var targetNetwork: any Module { branch }

    package func losses(_ views: [Batch], at moment: StepMoment, _ tape: Tape) -> [LossTerm] {
        let (first, second) = AlignDetViews.features(views, online.backbone, tape.dtype)
        tape.lap(.backbone)
        let silent = tape.silent
        let pyramid = online.neck(first, tape)
        let onlineFeatures = online.head.classFeatures(pyramid, tape)
        let deltas = online.head.boxDeltas(pyramid, tape)
        let targetFeatures = branch.head.classFeatures(branch.neck(second, silent), silent)
        tape.lap(.forward)

        let offsets = AlignDetViews.labelOffsets(views)
        func sample(_ maps: [Variable], view: Int) -> (SampledAnchors, AnchorSet) {
            let anchors = online.anchorGenerator.anchors(
                maps.map { ($0.shape[1], $0.shape[2]) }, inputHeight: views[view].height,
                inputWidth: views[view].width)
            let sampled = SampledAnchors(
                views[view].targets, anchors, matcher: online.settings.matcher, settings: settings,
                offsets: offsets, view: view, moment: moment)
            return (sampled, anchors)
        }
        let (queries, anchors) = sample(onlineFeatures, view: 0)
        let (keys, _) = sample(targetFeatures, view: 1)

        let contrast = settings.contrast(
            queries: Self.embeddings(onlineFeatures, queries, online.head.projection, tape), queries.labels,
            keys: Self.embeddings(targetFeatures, keys, branch.head.projection, silent).tensor, keys.labels,
            tape)
        let boxes = DenseBoxLoss(loss: online.settings.boxLoss, anchors: anchors).sum(
            deltas, views[0].targets, queries.assigned,
            divisors: [Double](repeating: 1, count: views[0].count), tape)
        return [
            contrast,
            LossTerm(
                "loss_bbox", sum: boxes, divisor: Double(queries.positiveCount), weight: settings.boxWeight),
        ]
    }

    /// The projection of the sampled anchors' features, [R, D].
    private static func embeddings(
        _ maps: [Variable], _ sampled: SampledAnchors, _ projection: AnchorProjection?, _ tape: Tape
    ) -> Variable {
        guard let projection else { preconditionFailure("pre-training needs a head with a projection") }
        let rows = zip(maps, sampled.rows).map { tape.gatherRows($0.rows, $1) }
        return projection(tape.concatenateRows(rows), shape: sampled.shapes, tape)
    }
}
