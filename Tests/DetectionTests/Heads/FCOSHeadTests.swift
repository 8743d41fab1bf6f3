import DetectionData
import NN
import Tensors
import TestSupport
import Testing

@testable import Detection

/// The head in mmdetection's form against the same written out in PyTorch: `Golden/fcos/mmdet`.
@Suite(.serialized) struct FCOSHeadTests {
    private let golden: GoldenTensors
    private let head: FCOSHead
    private let pyramid: [Variable]
    private let targets: [Target]
    private let points: PointSet
    private let settings = FCOS.Settings(
        matcher: PointMatcher(limits: [64, 128, 256, 512], radius: nil), distances: .exponential,
        boxLoss: .iou,
        boxWeight: .centreness, score: .product, candidatesPerLevel: 60, scoreThreshold: 0.15,
        suppressionThreshold: 0.5, detectionLimit: 20)

    init() throws {
        let golden = try GoldenTensors("fcos/mmdet.safetensors")
        self.golden = golden
        head = FCOSHead(
            inputs: 16,
            layout: FCOSHead.Layout(
                channels: 16, convolutionCount: 2, groupCount: 4, hasTowerBias: false,
                centrenessOnBoxTower: false,
                scaleCount: 5), output: .classes(5, prior: 0.01))
        let weights = GoldenModel(
            lastNorms: [],
            gains: ["mmdet.conv_cls": 1.2, "mmdet.conv_reg": 0.5, "mmdet.conv_centerness": 0.8],
            biasShifts: ["mmdet.conv_cls": -2, "mmdet.conv_reg": 2.8])
        weights.fill(head) { "mmdet." + $0 }
        pyramid = try (3...7).map { Variable(constant: try golden.tensor("p\($0)")) }
        let valid = try golden.integers("valid")
        targets = try (0..<2).map { i in
            try golden.target("boxes.\(i)", width: valid[2 * i + 1], height: valid[2 * i])
        }
        points = PointGenerator(strides: [8, 16, 32, 64, 128], offset: 0.5).points(
            pyramid.map { ($0.shape[1], $0.shape[2]) }, inputHeight: 128, inputWidth: 160)
    }

    @Test func outputsMatch() throws {
        let output = head(pyramid, Tape(recording: false))
        for level in 0..<5 {
            let key = "p\(level + 3)"
            expectClose(
                output.logits[level].tensor, try golden.tensor("classes.\(key)"), relative: Tolerance.features
            )
            let distances = output.boxes.distances[level].tensor.values.map {
                settings.distances.pixels($0, stride: 0)
            }
            expectClose(distances, try golden.floats("distances.\(key)"), relative: Tolerance.features)
            expectClose(
                output.boxes.centreness[level].tensor, try golden.tensor("centreness.\(key)"),
                relative: Tolerance.features)
        }
    }

    @Test func everyPointGetsTheSameBox() throws {
        for (i, target) in targets.enumerated() {
            let assigned = settings.matcher.assign(points, target.boxes)
            #expect(assigned.map { Int($0) } == (try golden.integers("assigned.\(i)")))
        }
    }

    @Test(arguments: [(0, "cls"), (1, "bbox"), (2, "centerness")])
    func lossesAndGradientsMatch(index: Int, name: String) throws {
        let arena = ParameterArena(head.namedParameters)
        let terms = arena.backward { tape in
            [FCOSLoss(settings: settings, points: points).terms(head(pyramid, tape), targets, tape)[index]]
        }
        expectClose(
            Double(terms[0].value), try golden.scalar("loss.\(name)"), relative: Tolerance.features, name)
        try golden.expectGradients(of: arena, below: name, relative: Tolerance.detector)
    }

    @Test func detectionsAreTheSame() throws {
        let output = head(pyramid, Tape(recording: false))
        let found = PointDecoder(settings: settings, points: points).detections(output, targets)
        try expectDetections(found, golden, relative: Tolerance.features)
    }

    @Test func withoutBoxesOnlyTheClassesLearn() {
        let empty = targets.map { _ in makeTarget([], width: 160, height: 128) }
        let arena = ParameterArena(head.namedParameters)
        let terms = arena.backward { tape in
            FCOSLoss(settings: settings, points: points).terms(head(pyramid, tape), empty, tape)
        }
        #expect(terms[0].value > 0 && terms[1].value == 0 && terms[2].value == 0)
        for entry in arena.entries where entry.path.hasPrefix("conv_reg") || entry.path.hasPrefix("scales") {
            #expect(entry.parameter.leaf.gradient?.values.allSatisfy { $0 == 0 } == true, "\(entry.path)")
        }
    }

    /// Names and order: the class branch first, as a momentum network needs it.
    @Test func pathsAreThoseOfMMDetection() {
        let paths = head.namedParameters.map(\.path)
        #expect(
            paths.prefix(3) == ["cls_convs.0.conv.weight", "cls_convs.0.gn.weight", "cls_convs.0.gn.bias"])
        #expect(paths.contains("scales.4.scale") && paths.contains("conv_centerness.bias"))
        #expect(!paths.contains("reg_convs.0.conv.bias"))
    }
}
