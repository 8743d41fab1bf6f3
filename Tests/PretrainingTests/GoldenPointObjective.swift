import Detection
import DetectionData
import NN
import Tensors
import TestSupport

@testable import Pretraining

/// The network, views and numbers of `Golden/aligndet/fcos_objective`.
struct GoldenPointObjective {
    let golden: GoldenTensors
    let views: [Batch]
    private let backbone: GivenMaps

    private static let weights: GoldenModel = {
        let ends = ["fcos.online.bbox_head.conv_reg", "fcos.target.bbox_head.conv_reg"]
        return GoldenModel(
            lastNorms: [], gains: Dictionary(uniqueKeysWithValues: ends.map { ($0, 0.5) }),
            biasShifts: Dictionary(uniqueKeysWithValues: ends.map { ($0, 2.5) }))
    }()

    init() throws {
        let golden = try GoldenTensors("aligndet/fcos_objective.safetensors")
        self.golden = golden
        views = try (1...2).map { try Self.view($0, golden) }
        var maps: [Int: [Tensor]] = [:]
        for v in 0..<2 {
            maps[views[v].height] = try (3...5).map { try golden.tensor("view\(v + 1).c\($0)") }
        }
        backbone = GivenMaps(maps)
    }

    private var neck: FPN {
        FPN(
            inputs: backbone.outputChannels, channels: 16, startLevel: 1, levelCount: 5, extraSource: .output,
            rectifiesExtra: true, norm: nil)
    }

    private static var head: FCOSHead {
        FCOSHead(
            inputs: 16,
            layout: FCOSHead.Layout(
                channels: 16, convolutionCount: 2, groupCount: 4, hasTowerBias: false,
                centrenessOnBoxTower: false,
                scaleCount: 5), output: .embedding(hidden: 12, dimension: 8))
    }

    /// A batch without pixels: the backbone is given.
    private static func view(_ number: Int, _ golden: GoldenTensors) throws -> Batch {
        let size = try golden.integers("view\(number).size")
        let targets = try (0..<2).map { i in
            let corners = try golden.floats("view\(number).boxes.\(i)")
            let boxes = stride(from: 0, to: corners.count, by: 4).map {
                Box(x1: corners[$0], y1: corners[$0 + 1], x2: corners[$0 + 2], y2: corners[$0 + 3])
            }
            return Target(
                boxes: boxes, labels: boxes.map { _ in 0 }, boxIDs: boxes.indices.map { Int32($0) },
                imageID: i,
                originalWidth: size[1], originalHeight: size[0], scaleX: 1, scaleY: 1, flipped: false,
                validWidth: size[1], validHeight: size[0])
        }
        return Batch(
            count: 2, height: size[0], width: size[1],
            pixels: [Float](repeating: 0, count: 2 * size[0] * size[1] * 3), targets: targets)
    }

    static func settings(
        samplesNegatives: Bool, background: AlignDetSettings.BackgroundLabel = .sentinel
    ) -> AlignDetSettings {
        AlignDetSettings(
            temperature: 0.5, momentumStart: 0.996, momentumEnd: 1, contrastiveWeight: 1, boxWeight: 1,
            labelLayout: .levelMajor, targetStart: .independent, backgroundLabel: background,
            sampler: RandomSampler(count: 1 << 20, negativesPerPositive: samplesNegatives ? -1 : 0))
    }

    static let matcher = PointMatcher(limits: [64, 128, 256, 512], radius: nil)

    /// The published strides are half the right ones.
    static func generator(isFaithful: Bool) -> PointGenerator {
        PointGenerator(strides: [8, 16, 32, 64, 128].map { isFaithful ? $0 / 2 : $0 }, offset: 0.5)
    }

    /// The objective with golden weights in both networks.
    func make(isFaithful: Bool, _ settings: AlignDetSettings) -> AlignDetFCOS {
        let online = FCOS(
            backbone: backbone, neck: neck, head: Self.head,
            pointGenerator: Self.generator(isFaithful: isFaithful),
            settings: FCOS.Settings(
                matcher: Self.matcher, distances: .exponential, boxLoss: .iou, boxWeight: .centreness,
                score: .product, candidatesPerLevel: 0, scoreThreshold: 1, suppressionThreshold: 1,
                detectionLimit: 0))
        let objective = AlignDetFCOS(
            online: online, momentumNeck: neck, momentumHead: Self.head, settings: settings)
        for (path, tensor) in online.namedTensors {
            tensor.assign(from: Self.weights.tensor("fcos.online." + path, shape: tensor.shape))
        }
        for (path, tensor) in objective.companionTensors {
            tensor.assign(from: Self.weights.tensor("fcos." + path, shape: tensor.shape))
        }
        objective.didLoad()
        return objective
    }
}
