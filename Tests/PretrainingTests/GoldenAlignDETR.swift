import Detection
import DetectionData
import NN
import Tensors
import TestSupport

@testable import Pretraining

/// The network, views and numbers of `Golden/detr/align_detr`.
struct GoldenAlignDETR {
    let golden: GoldenTensors
    let views: [Batch]
    private let maps: [Int: [Tensor]]

    private static let shape = TransformerShape(
        width: 32, headCount: 4, hidden: 64, encoderLayerCount: 2, decoderLayerCount: 3, isPreNorm: false,
        zeroBiases: false)

    init() throws {
        let golden = try GoldenTensors("detr/align_detr.safetensors")
        self.golden = golden
        views = try (1...2).map { try Self.view($0, golden) }
        var maps: [Int: [Tensor]] = [:]
        for (v, view) in views.enumerated() { maps[view.height] = [try golden.tensor("view\(v + 1).c5")] }
        self.maps = maps
    }

    /// A batch without pixels: the last map is given.
    private static func view(_ number: Int, _ golden: GoldenTensors) throws -> Batch {
        let size = try golden.integers("view\(number).size")
        let valid = try golden.integers("view\(number).valid")
        let targets = try (0..<2).map { n in
            let corners = try golden.floats("view\(number).boxes.\(n)")
            let boxes = stride(from: 0, to: corners.count, by: 4).map {
                Box(x1: corners[$0], y1: corners[$0 + 1], x2: corners[$0 + 2], y2: corners[$0 + 3])
            }
            return Target(
                boxes: boxes, labels: try golden.labels("labels.\(n)"),
                boxIDs: boxes.indices.map { Int32($0) },
                imageID: n, originalWidth: size[1], originalHeight: size[0], scaleX: 1, scaleY: 1,
                flipped: false,
                validWidth: valid[2 * n + 1], validHeight: valid[2 * n])
        }
        return Batch(
            count: 2, height: size[0], width: size[1],
            pixels: [Float](repeating: 0, count: 2 * size[0] * size[1] * 3), targets: targets)
    }

    private func head(ownsQueries: Bool, _ backbone: GivenMaps) -> DETRHead {
        DETRHead(
            inputs: backbone.outputChannels[0], shape: Self.shape, queryCount: 12, classCount: 9,
            projection: 8,
            ownsQueries: ownsQueries)
    }

    func make(isFaithful: Bool, start: AlignDetSettings.TargetStart = .independent, fills: Bool = true)
        -> AlignDetDETR
    {
        let backbone = GivenMaps(maps)
        let loss = SetLoss(
            matcher: HungarianMatcher(classWeight: 1, boxWeight: 5, overlapWeight: 2),
            backgroundWeight: isFaithful ? 1 : 0.1, classDivisor: isFaithful ? .matches : .weights,
            countsUnmatchedObjects: false)
        let online = DETR(
            backbone: backbone, head: head(ownsQueries: true, backbone),
            settings: DETR.Settings(loss: loss, dropout: 0, detectionLimit: 0, clipsBoxes: true))
        let momentum = head(ownsQueries: false, backbone)
        online.initialize(seed: 1)
        momentum.initialize(seed: 2)
        let objective = AlignDetDETR(
            online: online, momentumHead: momentum,
            settings: AlignDetDETR.Settings(
                AlignDetSettings(
                    temperature: 0.5, momentumStart: 0.996, momentumEnd: 1, contrastiveWeight: 1,
                    boxWeight: 1,
                    labelLayout: .levelMajor, targetStart: start,
                    backgroundLabel: isFaithful ? .embeddingDimension : .sentinel,
                    sampler: RandomSampler(count: 0)),
                objectCost: isFaithful ? .proposalIndex : .none))
        guard fills else { return objective }
        for (path, tensor) in online.namedTensors {
            tensor.assign(from: GoldenTransformer.tensor("online." + path, shape: tensor.shape))
        }
        for (path, tensor) in objective.companionTensors {
            tensor.assign(from: GoldenTransformer.tensor(path, shape: tensor.shape))
        }
        objective.didLoad()
        return objective
    }
}
