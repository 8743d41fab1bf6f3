import Detection
import DetectionData
import NN
import Tensors
import TestSupport

/// The small DETR of `Golden/detr`, with its weights.
enum GoldenDETR {
    static let (height, width) = (104, 152)
    static let sizes = [(height: 104, width: 152), (height: 80, width: 100)]

    static func make(isPreNorm: Bool, countsObjects: Bool = true, dropout: Float = 0) -> DETR {
        let backbone = ResNet(.eighteen, frozenStages: 3, norm: .frozen)
        let shape = TransformerShape(
            width: 32, headCount: 4, hidden: 64, encoderLayerCount: 2, decoderLayerCount: 3,
            isPreNorm: isPreNorm,
            zeroBiases: false)
        let network = DETR(
            backbone: backbone,
            head: DETRHead(
                inputs: backbone.outputChannels[3], shape: shape, queryCount: 12, classCount: 7),
            settings: settings(countsObjects: countsObjects, dropout: dropout))
        fill(network)
        return network
    }

    static func settings(countsObjects: Bool = true, dropout: Float = 0) -> DETR.Settings {
        DETR.Settings(
            loss: SetLoss(
                matcher: HungarianMatcher(classWeight: 1, boxWeight: 5, overlapWeight: 2),
                backgroundWeight: 0.1,
                classDivisor: .weights, countsUnmatchedObjects: countsObjects),
            dropout: dropout, detectionLimit: 100, clipsBoxes: false)
    }

    /// facebookresearch/detr's name of one of our paths.
    static func name(_ path: String) -> String {
        path.hasPrefix("backbone.") ? "backbone.0.body." + path.dropFirst("backbone.".count) : path
    }

    /// The trunk's numbers by our paths: eleven million, so they are worked out once.
    private static let trunk: [String: [Float]] = {
        let golden = GoldenModel(lastNorms: [".bn2"])
        let backbone = ResNet(.eighteen, frozenStages: 3, norm: .frozen)
        return Dictionary(
            uniqueKeysWithValues: backbone.namedTensors.map { path, tensor in
                let path = "backbone." + path
                return (path, golden.tensor(name(path), shape: tensor.shape).values)
            })
    }()

    private static func fill(_ network: DETR) {
        for (path, target) in network.namedTensors {
            target.assign(
                from: trunk[path].map { Tensor($0, shape: target.shape) }
                    ?? GoldenTransformer.tensor(name(path), shape: target.shape))
        }
        network.didLoad()
    }

    static var images: Tensor {
        GoldenWeights.images("input", count: 2, channels: 3, height: height, width: width, scale: 2)
    }

    /// - prefix: `crowd.` for more objects than queries.
    static func targets(_ golden: GoldenTensors, _ prefix: String = "") throws -> [Target] {
        try (0..<2).map {
            try golden.target("\(prefix)boxes.\($0)", width: sizes[$0].width, height: sizes[$0].height)
        }
    }
}
