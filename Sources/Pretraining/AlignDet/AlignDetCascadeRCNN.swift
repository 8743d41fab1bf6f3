package import Detection
package import DetectionData
package import NN
package import Tensors

/// AlignDet's box-domain pre-training of a Cascade R-CNN on unlabelled images with proposals.
///
/// Both networks propose regions of their own view over one frozen backbone and run all stages on them. In each stage
/// regions matched to one proposal in both views attract each other, all others repel, background among them; the online
/// network also learns to propose and, in each stage, the proposals' boxes.
/// - Source: Li et al., ICCV 2023; liming-ai/AlignDet `configs/selfsup/htc.py` and its heads at d29f70b, without the
///   semantic branch, which that configuration leaves out too. Differs: the momentum network shares the backbone, and the
///   defects that `AlignDetSettings` and `refines` name are corrected unless asked for.
package final class AlignDetCascadeRCNN: MomentumObjective {
    package let arena: ParameterArena
    package let lossNames: [String]
    private let online: CascadeRCNN
    private let branch: MomentumCascadeBranch
    package let momentum: MomentumPair
    private let settings: AlignDetSettings
    private let refines: Bool

    /// - online: initialised, with its backbone's weights loaded and frozen, and heads that end in projections.
    /// - neck, rpnHead, boxHeads: of the momentum network, of the same architecture, initialised.
    /// - refines: whether a stage looks at the regions that the one before moved; in the published code, all look at the
    ///   first stage's proposals.
    package init(
        online: CascadeRCNN, neck: FPN, rpnHead: RPNHead, boxHeads: [BBoxHead], settings: AlignDetSettings,
        refines: Bool
    ) {
        precondition(
            online.stages.allSatisfy { $0.boxHead.projection != nil },
            "pre-training needs heads with projections")
        precondition(
            boxHeads.count == online.stages.count, "\(boxHeads.count) heads for \(online.stages.count)")
        self.online = online
        self.settings = settings
        self.refines = refines
        lossNames =
            ["loss_rpn_cls", "loss_rpn_bbox"]
            + online.stages.indices.flatMap { i in
                ["loss_contrastive", "loss_bbox"].map { CascadeStage.name($0, stage: i) }
            }
        arena = ParameterArena(online.trainedParameters)
        branch = MomentumCascadeBranch(neck: neck, rpnHead: rpnHead, boxHeads: boxHeads)
        momentum = MomentumPair(online: arena, target: branch, settings)
    }

    package var network: any Module { online }
    package var targetNetwork: any Module { branch }

    package func losses(_ views: [Batch], at moment: StepMoment, _ tape: Tape) -> [LossTerm] {
        let (first, second) = AlignDetViews.features(views, online.backbone, tape.dtype)
        let silent = tape.silent
        let draws = (0..<2).map { DrawKey(seed: moment.seed, step: moment.step, view: $0) }
        let offsets = AlignDetViews.labelOffsets(views)

        let pyramid = online.neck(first, tape)
        var terms = online.proposer.losses(pyramid, online.rpnHead, views[0], draws[0], tape)
        var proposals = online.proposer.propose(pyramid, online.rpnHead, views[0], tape)
        let targetPyramid = branch.neck(second, silent)
        var targetProposals = online.proposer.propose(targetPyramid, branch.rpnHead, views[1], silent)

        for (i, stage) in online.stages.enumerated() {
            let queries = judge(stage.boxHead, i, pyramid, proposals, views[0].targets, draws[0], tape)
            let keys = judge(
                branch.boxHeads[i], i, targetPyramid, targetProposals, views[1].targets, draws[1], silent)
            let contrast = RegionContrast(settings: settings).term(
                queries: queries.embeddings, queries.sampled, views[0].targets, keys: keys.embeddings,
                keys.sampled,
                views[1].targets, offsets, tape)
            terms += stage.named(
                [contrast, boxTerm(stage.settings, queries, views[0].targets, offsets, tape)], stage: i)
            if refines, i + 1 < online.stages.count {
                proposals = stage.settings.refined(queries.sampled, queries.deltas.tensor, views[0].targets)
                targetProposals = stage.settings.refined(keys.sampled, keys.deltas.tensor, views[1].targets)
            }
        }
        return terms
    }

    /// What one network's stage says of the regions that are drawn for it.
    private struct Judgement {
        let sampled: [SampledRegions]
        let embeddings: Variable
        let deltas: Variable
    }

    private func judge(
        _ head: BBoxHead, _ stage: Int, _ pyramid: [Variable], _ proposals: [[Box]], _ targets: [Target],
        _ draws: DrawKey, _ tape: Tape
    ) -> Judgement {
        let sampled = online.stages[stage].settings.sample(proposals, targets, draws, stage: stage)
        let features = head.features(online.extractor(pyramid, sampled.map(\.boxes), tape), tape)
        return Judgement(
            sampled: sampled, embeddings: head.embeddings(features, tape),
            deltas: head.boxDeltas(features, tape))
    }

    /// Where the background has the number of a proposal, that one and those beyond learn no boxes.
    private func boxTerm(
        _ stage: RegionSettings, _ queries: Judgement, _ targets: [Target], _ offsets: [Int32], _ tape: Tape
    ) -> LossTerm {
        let background = settings.backgroundLabel.value
        let term = RegionLoss(settings: stage).boxTerm(
            queries.deltas, queries.sampled, targets,
            slot: { n, box in
                let label = offsets[n] + targets[n].boxIDs[box]
                return background < 0 || label < background ? Int(label) : nil
            }, tape)
        return LossTerm(term.name, sum: term.sum, divisor: term.divisor, weight: settings.boxWeight)
    }
}
