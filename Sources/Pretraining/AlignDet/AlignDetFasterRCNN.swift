package import Detection
package import DetectionData
package import NN
package import Tensors

/// AlignDet's box-domain pre-training of a Faster R-CNN on unlabelled images with proposals.
///
/// Both networks propose regions of their own view over one frozen backbone. Regions matched to one proposal in both
/// views attract each other, all others repel; the online network also learns to propose and the proposals' boxes.
/// - Source: Li et al., ICCV 2023; liming-ai/AlignDet `detectors/selfsup_mask_rcnn.py` and
///   `roi_heads/bbox_heads/convfc_bbox_head.py` at d29f70b. Differs: the momentum network has no box branch and shares
///   the backbone, and the defects that `AlignDetSettings` names are corrected unless asked for.
package final class AlignDetFasterRCNN: MomentumObjective {
    package let arena: ParameterArena
    package let lossNames = ["loss_rpn_cls", "loss_rpn_bbox", "loss_contrastive", "loss_bbox"]
    private let online: FasterRCNN
    private let branch: MomentumRegionBranch
    package let momentum: MomentumPair
    private let settings: AlignDetSettings

    /// - online: initialised, with its backbone's weights loaded and frozen, and a head that ends in a projection.
    /// - neck, rpnHead, boxHead: of the momentum network, of the same architecture, initialised.
    package init(
        online: FasterRCNN, neck: FPN, rpnHead: RPNHead, boxHead: BBoxHead, settings: AlignDetSettings
    ) {
        precondition(online.boxHead.projection != nil, "pre-training needs a head with a projection")
        self.online = online
        self.settings = settings
        arena = ParameterArena(online.trainedParameters)
        branch = MomentumRegionBranch(neck: neck, rpnHead: rpnHead, boxHead: boxHead)
        momentum = MomentumPair(online: arena, target: branch, settings)
    }

    package var network: any Module { online }
    package var targetNetwork: any Module { branch }

    package func losses(_ views: [Batch], at moment: StepMoment, _ tape: Tape) -> [LossTerm] {
        let (first, second) = AlignDetViews.features(views, online.backbone, tape.dtype)
        let silent = tape.silent
        let draws = (0..<2).map { DrawKey(seed: moment.seed, step: moment.step, view: $0) }

        let pyramid = online.neck(first, tape)
        let proposals = online.proposer.propose(pyramid, online.rpnHead, views[0], tape)
        let queries = online.regions.sample(proposals, views[0].targets, draws[0])
        let features = online.boxHead.features(online.extractor(pyramid, queries.map(\.boxes), tape), tape)

        let targetPyramid = branch.neck(second, silent)
        let targetProposals = online.proposer.propose(targetPyramid, branch.rpnHead, views[1], silent)
        let keys = online.regions.sample(targetProposals, views[1].targets, draws[1])
        let targetFeatures = branch.boxHead.features(
            online.extractor(targetPyramid, keys.map(\.boxes), silent), silent)

        let offsets = AlignDetViews.labelOffsets(views)
        let contrast = RegionContrast(settings: settings).term(
            queries: online.boxHead.embeddings(features, tape), queries, views[0].targets,
            keys: branch.boxHead.embeddings(targetFeatures, silent), keys, views[1].targets, offsets, tape)
        return online.proposer.losses(pyramid, online.rpnHead, views[0], draws[0], tape) + [
            contrast, boxTerm(features, queries, views[0].targets, offsets, tape),
        ]
    }

    /// Each proposal has box offsets of its own, as many as the layer holds; those beyond learn no boxes.
    private func boxTerm(
        _ features: Variable, _ sampled: [SampledRegions], _ targets: [Target], _ offsets: [Int32],
        _ tape: Tape
    ) -> LossTerm {
        let deltas = online.boxHead.boxDeltas(features, tape)
        let slotCount = deltas.shape[1] / 4
        let term = RegionLoss(settings: online.regions).boxTerm(
            deltas, sampled, targets,
            slot: { n, box in
                let label = Int(offsets[n] + targets[n].boxIDs[box])
                return slotCount == 1 || label < slotCount ? label : nil
            }, tape)
        return LossTerm(term.name, sum: term.sum, divisor: term.divisor, weight: settings.boxWeight)
    }
}
