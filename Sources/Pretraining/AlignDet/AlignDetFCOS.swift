package import Detection
package import DetectionData
package import NN
package import Tensors

/// AlignDet's box-domain pre-training of an FCOS on unlabelled images with proposals.
///
/// View 1 goes through the online network, view 2 through the momentum network, both over one frozen
/// backbone. Points that lie in one proposal in both views attract each other, all others repel (contrastive
/// loss); view 1's points also learn the proposals' boxes and how central they lie.
/// - Source: Li et al., ICCV 2023; liming-ai/AlignDet `dense_heads/fcos_head.py` at d29f70b. Differs: the
///   projection is evaluated at sampled points only, the momentum network has no box branch and shares the
///   backbone, divisors are those of the micro-batch, and the defects that `AlignDetSettings` names are
///   corrected unless asked for.
package final class AlignDetFCOS: MomentumObjective {
    package let arena: ParameterArena
    package let lossNames = ["loss_contrastive", "loss_bbox", "loss_centerness"]
    private let online: FCOS
    private let branch: MomentumPointBranch
    package let momentum: MomentumPair
    private let settings: AlignDetSettings

    /// - online: initialised, with its backbone's weights loaded and frozen, and a head that ends in a
    ///   projection.
    /// - momentumNeck, momentumHead: the same architecture, initialised.
    /// - settings: the sampler's count is for a whole micro-batch.
    package init(online: FCOS, momentumNeck: FPN, momentumHead: FCOSHead, settings: AlignDetSettings) {
        precondition(online.head.projection != nil, "pre-training needs a head with a projection")
        self.online = online
        self.settings = settings
        arena = ParameterArena(online.trainedParameters)
        branch = MomentumPointBranch(neck: momentumNeck, head: momentumHead)
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
        let boxes = online.head.boxes(pyramid, classFeatures: onlineFeatures, tape)
        let targetFeatures = branch.head.classFeatures(branch.neck(second, silent), silent)
        tape.lap(.forward)

        let offsets = AlignDetViews.labelOffsets(views)
        func sample(_ maps: [Variable], view: Int) -> (SampledPoints, PointSet) {
            let points = online.pointGenerator.points(
                maps.map { ($0.shape[1], $0.shape[2]) }, inputHeight: views[view].height,
                inputWidth: views[view].width)
            let sampled = SampledPoints(
                views[view].targets, points, matcher: online.settings.matcher, settings: settings,
                offsets: offsets, view: view, moment: moment)
            return (sampled, points)
        }
        let (queries, points) = sample(onlineFeatures, view: 0)
        let (keys, _) = sample(targetFeatures, view: 1)

        let contrast = settings.contrast(
            queries: Self.embeddings(onlineFeatures, queries, online.head.projection, tape), queries.labels,
            keys: Self.embeddings(targetFeatures, keys, branch.head.projection, silent).tensor, keys.labels,
            tape)
        let boxTerms = PointBoxLoss(settings: online.settings, points: points).terms(
            boxes, queries.positives, tape)
        return [contrast]
            + boxTerms.map { LossTerm($0.name, sum: $0.sum, divisor: $0.divisor, weight: settings.boxWeight) }
    }

    /// The projection of the sampled points' features, [R, D].
    private static func embeddings(
        _ maps: [Variable], _ sampled: SampledPoints, _ projection: PointProjection?, _ tape: Tape
    ) -> Variable {
        guard let projection else { preconditionFailure("pre-training needs a head with a projection") }
        return projection(maps, cells: sampled.cells, tape)
    }
}
