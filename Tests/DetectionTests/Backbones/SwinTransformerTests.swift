import Detection
import NN
import Tensors
import TestSupport
import Testing

@Suite(.serialized) struct SwinTransformerTests {
    private static let narrow = SwinShape(
        width: 32, depths: [2, 2, 2, 2], headCounts: [1, 2, 4, 8], window: 7)

    /// torchvision's name of one of ours; the output norms that it has not are the fixture's own.
    private func torchvisionName(_ path: String) -> String {
        var parts = path.split(separator: ".").map(String.init)
        switch parts[0] {
        case "patch_embed":
            parts.replaceSubrange(0..<2, with: ["features", "0", parts[1] == "proj" ? "0" : "2"])
        case "layers" where parts[2] == "blocks":
            parts.replaceSubrange(0..<3, with: ["features", "\((Int(parts[1]) ?? 0) * 2 + 1)"])
        case "layers": parts.replaceSubrange(0..<3, with: ["features", "\((Int(parts[1]) ?? 0) * 2 + 2)"])
        case "norm3": parts[0] = "norm"
        default: parts.insert("norms", at: 0)
        }
        return parts.map { $0 == "fc1" ? "0" : $0 == "fc2" ? "3" : $0 }.joined(separator: ".")
    }

    /// Golden numbers in every parameter.
    private func fill(_ backbone: SwinTransformer, name: (String) -> String = { $0 }) {
        let norms = backbone.namedParameters.map { $0.path.split(separator: ".").dropLast() }.filter { path in
            path.last?.hasPrefix("norm") == true
        }
        let names = norms.map { name($0.joined(separator: ".") + ".weight").split(separator: ".").dropLast() }
        GoldenModel(lastNorms: [], norms: Set(names.map { $0.joined(separator: ".") })).fill(
            backbone, name: name)
    }

    /// Maps, and the gradient of every parameter from golden gradients of the maps.
    private func expectFixture(
        _ fixture: String, _ shape: SwinShape, _ images: Tensor, name: (String) -> String = { $0 }
    ) throws {
        let golden = try GoldenTensors("backbones/\(fixture).safetensors")
        try expectDigest(images, golden, "input", relative: 1e-6)
        let backbone = SwinTransformer(shape, frozenStages: -1, dropPath: 0.2)
        fill(backbone, name: name)
        let arena = ParameterArena(backbone.namedParameters)
        arena.beginAccumulation()
        let tape = Tape(recording: true)
        let maps = backbone(images, tape)
        #expect(maps.map { $0.shape[3] } == backbone.outputChannels)
        var seeds: [(variable: Variable, gradient: Tensor)] = []
        for (i, map) in maps.enumerated() {
            let key = "c\(i + 2)"
            #expect(map.shape == (try golden.note(key + ".shape", as: [Int].self)), "\(key)")
            if golden.contains(key) {
                expectClose(map.tensor, try golden.tensor(key), relative: Tolerance.detector, key)
            }
            try expectDigest(map.tensor, golden, key, relative: Tolerance.detector)
            let values = GoldenWeights.values("grad.\(key)", count: map.tensor.count)
            seeds.append((map, Tensor(values, shape: map.shape)))
        }
        tape.backward(from: seeds)
        arena.finishAccumulation()
        for (path, parameter) in backbone.namedParameters {
            let gradient = try #require(parameter.leaf.gradient)
            try expectDigest(gradient, golden, "grad." + name(path), relative: Tolerance.detector)
        }
    }

    @Test func swinMatchesTorchvision() throws {
        let images = GoldenWeights.images("input", count: 1, channels: 3, height: 256, width: 288, scale: 2)
        try expectFixture("swin_tiny", .tiny, images, name: torchvisionName)
    }

    /// Patches, windows and squares beyond the edge in every stage, and a last stage of one window.
    @Test(arguments: [KernelSet.fast, .plain]) func swinMatchesMMDetectionsFormWherePadded(kernels: KernelSet)
        throws
    {
        let images = GoldenWeights.images("input", count: 2, channels: 3, height: 90, width: 123, scale: 2)
        try kernels.run { try expectFixture("swin_padded", Self.narrow, images) }
    }

    /// Of the paper, and of the direct pre-training's model with its output norms.
    @Test func sizesAreThePublishedOnes() {
        func count(_ shape: SwinShape) -> Int {
            SwinTransformer(shape, frozenStages: -1, dropPath: 0).namedParameters.reduce(0) {
                $0 + $1.parameter.value.count
            }
        }
        #expect(count(.tiny) == 27_520_698)
        // torchvision's swin_s and swin_b less their last norm and classifier, with four output norms.
        #expect(count(.small) == 49_606_258 - 768 * 1002 - 1000 + 2 * 1440)
        #expect(count(.base) == 87_768_224 - 1024 * 1002 - 1000 + 2 * 1920)
    }

    @Test(arguments: [-1, 0, 2, 4]) func frozenStagesNameTheirParametersAndRecordNothing(stages: Int) {
        let images = GoldenWeights.images("input", count: 1, channels: 3, height: 64, width: 96, scale: 2)
        let free = SwinTransformer(Self.narrow, frozenStages: -1, dropPath: 0)
        let backbone = SwinTransformer(Self.narrow, frozenStages: stages, dropPath: 0)
        for network in [free, backbone] { fill(network) }
        let frozen = backbone.frozenPrefixes
        #expect(frozen.count == (stages < 0 ? 0 : 1 + 2 * stages))
        let arena = ParameterArena(
            backbone.namedParameters.filter { entry in !frozen.contains { entry.path.hasPrefix($0) } })
        arena.beginAccumulation()
        let maps = backbone(images, Tape(recording: true))
        #expect(maps.map(\.needsGradient) == (0..<4).map { $0 >= stages })
        let expected = free(images, Tape(recording: false))
        #expect(maps.map(\.tensor.values) == expected.map(\.tensor.values))
    }

    @Test func skippedBranchesDependOnTheImageAloneAndEndInEvaluation() {
        let images = GoldenWeights.images("input", count: 2, channels: 3, height: 64, width: 64, scale: 2)
        let backbone = SwinTransformer(Self.narrow, frozenStages: -1, dropPath: 0.6)
        fill(backbone)
        func last(_ images: Tensor, _ ids: [Int]?, step: Int = 3) -> Tensor {
            let paths = ids.map { PathDraws(seed: 1, step: step, images: $0) }
            return backbone(images, paths: paths, Tape(recording: false))[3].tensor
        }
        let both = last(images, [5, 9])
        #expect(both.values == last(images, [5, 9]).values)
        #expect(
            both.values != last(images, nil).values && both.values != last(images, [5, 9], step: 4).values)
        for (n, id) in [5, 9].enumerated() {
            expectClose(
                both.prefix(n..<(n + 1)), last(images.prefix(n..<(n + 1)), [id]),
                relative: Tolerance.features, "image \(id)")
        }
        let frozen = SwinTransformer(Self.narrow, frozenStages: 4, dropPath: 0.6)
        fill(frozen)
        let paths = PathDraws(seed: 1, step: 3, images: [5, 9])
        let silent = frozen(images, paths: paths, Tape(recording: true)).map(\.tensor.values)
        #expect(silent == backbone(images, Tape(recording: false)).map(\.tensor.values))
    }

    @Test func asManyBranchesAreSkippedAsTheRateSays() {
        let images = Array(0..<4000)
        let draws = PathDraws(seed: 7, step: 0, images: images)
        let factors = draws.factors(rate: 0.2, branch: 3)
        #expect(Set(factors) == [0, 1.25])
        let skipped = Double(factors.filter { $0 == 0 }.count) / 4000
        // Four standard deviations.
        #expect(abs(skipped - 0.2) < 0.0253)
        #expect(draws.factors(rate: 0.2, branch: 4) != factors)
        #expect(draws.factors(rate: 0, branch: 3) == images.map { _ in 1 })
        #expect(PathDraws(seed: 7, step: 0, view: 1, images: images).factors(rate: 0.2, branch: 3) != factors)
        #expect(PathDraws(seed: 8, step: 0, images: images).factors(rate: 0.2, branch: 3) != factors)
        #expect(PathDraws(seed: 7, step: 0, images: [17]).factors(rate: 0.2, branch: 3) == [factors[17]])
    }

    /// Products of 16 bits between sums and norms of 32; the maps are of the tape's format.
    @Test func mixedPrecisionStaysNearTheOther() {
        let images = GoldenWeights.images("input", count: 2, channels: 3, height: 90, width: 123, scale: 2)
        let backbone = SwinTransformer(Self.narrow, frozenStages: 2, dropPath: 0)
        fill(backbone)
        let expected = backbone(images, Tape(recording: false))
        let mixed = backbone(images.converted(to: .bfloat16), Tape(recording: false, dtype: .bfloat16))
        for (map, other) in zip(mixed, expected) {
            #expect(map.dtype == .bfloat16)
            // Eight bits of eight blocks' sums.
            expectClose(map.tensor.converted(to: .float32), other.tensor, relative: 0.03)
        }
    }
}
