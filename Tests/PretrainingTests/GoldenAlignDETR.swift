import Detection
import DetectionData
import NN
import Tensors
import TestSupport

@testable import Pretraining

/// The network, views and numbers of `Golden/detr/align_detr`.
struct GoldenAlignDETR {
    let given: GoldenViews
    var golden: GoldenTensors { given.golden }
    var views: [Batch] { given.views }

    private static let shape = TransformerShape(
        width: 32, headCount: 4, hidden: 64, encoderLayerCount: 2, decoderLayerCount: 3, isPreNorm: false,
        zeroBiases: false)

    init() throws {
        given = try GoldenViews(
            "detr/align_detr.safetensors", levels: 5...5, sizes: "valid", isLabelled: true)
    }

    private func head(ownsQueries: Bool) -> DETRHead {
        DETRHead(
            inputs: given.backbone.outputChannels[0], shape: Self.shape, queryCount: 12, classCount: 9,
            projection: 8, ownsQueries: ownsQueries)
    }

    func make(isFaithful: Bool, start: AlignDetSettings.TargetStart = .independent, fills: Bool = true)
        -> AlignDetDETR
    {
        let loss = SetLoss(
            matcher: HungarianMatcher(classWeight: 1, boxWeight: 5, overlapWeight: 2),
            backgroundWeight: isFaithful ? 1 : 0.1, classDivisor: isFaithful ? .matches : .weights,
            countsUnmatchedObjects: false)
        let online = DETR(
            backbone: given.backbone, head: head(ownsQueries: true),
            settings: DETR.Settings(loss: loss, dropout: 0, detectionLimit: 0, clipsBoxes: true))
        let momentum = head(ownsQueries: false)
        online.initialize(seed: 1)
        momentum.initialize(seed: 2)
        let objective = AlignDetDETR(
            online: online, momentumHead: momentum,
            settings: AlignDetDETR.Settings(
                .golden(targetStart: start, background: isFaithful ? .embeddingDimension : .sentinel),
                objectCost: isFaithful ? .proposalIndex : .none))
        if fills { objective.fill(GoldenTransformer.tensor) }
        return objective
    }
}
