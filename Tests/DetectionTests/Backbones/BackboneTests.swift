import Detection
import Foundation
import NN
import Tensors
import TestSupport
import Testing

@Suite(.serialized) struct BackboneTests {
    /// Ways to run the same network; all must give the same maps.
    enum Form: CaseIterable {
        /// Batch norms folded into the convolutions.
        case frozen
        case partlyFrozen
        /// Unfolded, stored statistics.
        case evaluation
        case recorded
    }

    private func expectMaps(_ maps: [Variable], _ keys: [String], _ golden: GoldenTensors, _ what: String)
        throws
    {
        #expect(maps.count == keys.count)
        for (map, key) in zip(maps, keys) {
            #expect(map.shape == (try golden.note(key + ".shape", as: [Int].self)), "\(what) \(key)")
            if golden.contains(key) {
                expectClose(
                    map.tensor, try golden.tensor(key), relative: Tolerance.features, "\(what) \(key)")
            }
            try expectDigest(map.tensor, golden, key, relative: Tolerance.features)
        }
    }

    /// Runs a backbone; recording needs parameters with gradients.
    private func run(_ backbone: any Backbone, _ images: Tensor, _ form: Form) -> [Variable] {
        guard form == .recorded else { return backbone(images, Tape(recording: false)) }
        let arena = ParameterArena(backbone.namedParameters)
        arena.beginAccumulation()
        let maps = backbone(images, Tape(recording: true))
        #expect(maps.allSatisfy { $0.needsGradient })
        return maps
    }

    private func resnet(_ depth: ResNet.Depth, _ form: Form) -> ResNet {
        switch form {
        case .frozen: ResNet(depth, frozenStages: 4, norm: .frozen)
        case .partlyFrozen: ResNet(depth, frozenStages: 2, norm: .frozen)
        case .evaluation, .recorded: ResNet(depth, frozenStages: -1, norm: .evaluation)
        }
    }

    private func expectResNet(_ depth: ResNet.Depth, _ form: Form) throws {
        let golden = try GoldenTensors("backbones/resnet\(depth.rawValue).safetensors")
        let images = GoldenWeights.images("input", count: 1, channels: 3, height: 64, width: 96, scale: 2)
        try expectDigest(images, golden, "input", relative: 1e-6)
        let backbone = resnet(depth, form)
        // A bottleneck has an inner bn2, too.
        GoldenModel(lastNorms: [depth.isBottleneck ? ".bn3" : ".bn2"]).fill(backbone)
        let maps = run(backbone, images, form)
        try expectMaps(maps, ["c2", "c3", "c4", "c5"], golden, "resnet\(depth.rawValue) \(form)")
        #expect(maps.map { $0.shape[3] } == backbone.outputChannels)
    }

    @Test(arguments: [ResNet.Depth.eighteen, .thirtyFour, .fifty, .hundredOne], Form.allCases)
    func resNetMatchesTorchvision(depth: ResNet.Depth, form: Form) throws { try expectResNet(depth, form) }

    @Test(arguments: [Form.frozen, .evaluation])
    func resNetMatchesTorchvisionOnPlainKernels(form: Form) throws {
        try KernelSet.plain.run { try expectResNet(.eighteen, form) }
    }

    /// The built-in trained weights on a photograph.
    private func expectMobileNet(_ form: Form) throws {
        let golden = try GoldenTensors("backbones/mobilenet_v2.safetensors")
        let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let weights = try GoldenTensors(
            contentsOf: package.appendingPathComponent(
                "Sources/AlignDetCLI/BuiltIn/weights/mobilenetv2_imagenet_backbone.safetensors"))
        let pixels = try golden.integers("pixels")
        let (mean, deviation) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
        let images = Tensor(
            pixels.enumerated().map { Float((Double($1) / 255 - mean[$0 % 3]) / deviation[$0 % 3]) },
            shape: try golden.shape("pixels"))
        try expectDigest(images, golden, "input", relative: 1e-6)
        let stages = form == .frozen ? 7 : form == .partlyFrozen ? 3 : -1
        let backbone = MobileNetV2(frozenStages: stages, norm: form == .partlyFrozen ? .frozen : .evaluation)
        for (path, tensor) in backbone.namedTensors { tensor.assign(from: try weights.tensor(path)) }
        backbone.didLoad()
        let maps = run(backbone, images, form)
        try expectMaps(
            maps, ["features.3", "features.6", "features.13", "features.17"], golden, "mobilenet \(form)")
        #expect(maps.map { $0.shape[3] } == backbone.outputChannels)
    }

    @Test(arguments: Form.allCases)
    func mobileNetMatchesTorchvision(form: Form) throws { try expectMobileNet(form) }

    @Test func mobileNetMatchesTorchvisionOnPlainKernels() throws {
        try KernelSet.plain.run { try expectMobileNet(.frozen) }
    }

    @Test func loadingOtherWeightsFoldsAnew() throws {
        let images = GoldenWeights.images("input", count: 1, channels: 3, height: 64, width: 96, scale: 2)
        let golden = try GoldenTensors("backbones/resnet18.safetensors")
        let backbone = ResNet(.eighteen, frozenStages: 4, norm: .frozen)
        backbone.initialize(seed: 1)
        _ = backbone(images, Tape(recording: false))
        GoldenModel(lastNorms: [".bn2"]).fill(backbone)
        try expectMaps(
            backbone(images, Tape(recording: false)), ["c2", "c3", "c4", "c5"], golden,
            "resnet18 after loading")
    }

    /// A folded block may put its result where its input was; maps that were handed out must not change.
    @Test func mapsSurviveTheBlocksAfterThem() throws {
        let images = GoldenWeights.images("input", count: 1, channels: 3, height: 64, width: 96, scale: 2)
        let backbones: [any Backbone] = [
            ResNet(.eighteen, frozenStages: 4, norm: .frozen), MobileNetV2(frozenStages: 7, norm: .frozen),
        ]
        for backbone in backbones {
            backbone.initialize(seed: 1)
            let first = backbone(images, Tape(recording: false))
            let before = first.map(\.tensor.values)
            let source = images.values
            _ = backbone(images, Tape(recording: false))
            #expect(first.map(\.tensor.values) == before)
            #expect(images.values == source)
        }
    }

    @Test func frozenPartsNameTheirParametersAndRecordNothing() {
        let backbone = ResNet(.eighteen, frozenStages: 1, norm: .evaluation)
        backbone.initialize(seed: 1)
        #expect(backbone.frozenPrefixes == ["conv1.", "bn1.", "layer1."])
        let arena = ParameterArena(
            backbone.namedParameters.filter { entry in
                !backbone.frozenPrefixes.contains { entry.path.hasPrefix($0) }
            })
        arena.beginAccumulation()
        let images = GoldenWeights.images("input", count: 1, channels: 3, height: 64, width: 96, scale: 2)
        let maps = backbone(images, Tape(recording: true))
        #expect(maps.map(\.needsGradient) == [false, true, true, true])
    }
}
