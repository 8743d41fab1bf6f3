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
package final class AlignDetRetinaNet: Objective {
    package let arena: ParameterArena
    package let viewCount = 2
    package let lossNames = ["loss_contrastive", "loss_bbox"]
    private let online: RetinaNet
    private let branch: MomentumBranch
    private let branchArena: ParameterArena
    private let pair: MomentumPair
    private let settings: AlignDetSettings

    /// - online: initialised, with its backbone's weights loaded and frozen, and a head that ends in a projection.
    /// - momentumNeck, momentumHead: the same architecture, initialised.
    package init(online: RetinaNet, momentumNeck: FPN, momentumHead: RetinaHead, settings: AlignDetSettings) {
        precondition(online.head.projection != nil, "pre-training needs a head with a projection")
        self.online = online
        self.settings = settings
        arena = ParameterArena(online.trainedParameters)
        branch = MomentumBranch(neck: momentumNeck, head: momentumHead)
        branchArena = ParameterArena(branch.namedParameters, trained: false)
        pair = MomentumPair(
            online: arena, target: branchArena, start: settings.momentumStart, end: settings.momentumEnd)
        if settings.targetStart == .copy { pair.copyOnline() }
    }

    package var network: any Module { online }
    package var scoredDetector: (any Detector)? { nil }

    package var companionTensors: [(path: String, tensor: Tensor)] {
        branch.namedTensors.map { ("target." + $0.path, $0.tensor) }
    }

    package func didLoad() {
        online.didLoad()
        branch.didLoad()
    }

    package func didUpdate(at moment: StepMoment) {
        pair.follow(step: moment.step, stepCount: moment.stepCount)
    }

    package func losses(_ views: [Batch], at moment: StepMoment, _ tape: Tape) -> [LossTerm] {
        let (first, second) = features(views)
        tape.lap(.backbone)
        let silent = Tape(recording: false)
        let pyramid = online.neck(first, tape)
        let onlineFeatures = online.head.classFeatures(pyramid, tape)
        let deltas = online.head.boxDeltas(pyramid, tape)
        let targetFeatures = branch.head.classFeatures(branch.neck(second, silent), silent)
        tape.lap(.forward)

        let offsets = Self.labelOffsets(views)
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

        let contrast = ContrastiveLoss(temperature: settings.temperature)(
            queries: Self.embeddings(onlineFeatures, queries, online.head.projection, tape),
            queryLabels: queries.labels,
            keys: Self.embeddings(targetFeatures, keys, branch.head.projection, silent).tensor,
            keyLabels: keys.labels, background: settings.backgroundLabel.value, tape: tape)
        let boxes = DenseBoxLoss(loss: online.settings.boxLoss, anchors: anchors).sum(
            deltas, views[0].targets, queries.assigned,
            divisors: [Double](repeating: 1, count: views[0].count), tape)
        return [
            LossTerm(
                "loss_contrastive", sum: contrast.sum, divisor: Double(contrast.labelCount),
                weight: settings.contrastiveWeight),
            LossTerm(
                "loss_bbox", sum: boxes, divisor: Double(queries.positiveCount), weight: settings.boxWeight),
        ]
    }

    /// Both views' feature maps. The backbone is frozen: one pass serves both where their sizes agree.
    private func features(_ views: [Batch]) -> (first: [Variable], second: [Variable]) {
        let silent = Tape(recording: false)
        guard views[0].height == views[1].height, views[0].width == views[1].width else {
            return (online.backbone(views[0].images, silent), online.backbone(views[1].images, silent))
        }
        let n = views[0].count
        let both = Tensor(
            views[0].pixels + views[1].pixels, shape: [n + views[1].count, views[0].height, views[0].width, 3])
        let maps = online.backbone(both, silent)
        return (
            maps.map { Variable(constant: $0.tensor.prefix(0..<n)) },
            maps.map { Variable(constant: $0.tensor.prefix(n..<(n + views[1].count))) }
        )
    }

    /// The projection of the sampled anchors' features, [R, D].
    private static func embeddings(
        _ maps: [Variable], _ sampled: SampledAnchors, _ projection: AnchorProjection?, _ tape: Tape
    ) -> Variable {
        guard let projection else { preconditionFailure("pre-training needs a head with a projection") }
        let rows = zip(maps, sampled.rows).map { tape.gatherRows($0.rows, $1) }
        return projection(tape.concatenateRows(rows), shape: sampled.shapes, tape)
    }

    /// The label of each image's first proposal: proposals of a batch are numbered through.
    private static func labelOffsets(_ views: [Batch]) -> [Int32] {
        var offsets: [Int32] = []
        var next: Int32 = 0
        for n in 0..<views[0].count {
            offsets.append(next)
            next += 1 + views.reduce(-1) { max($0, $1.targets[n].boxIDs.max() ?? -1) }
        }
        return offsets
    }
}
