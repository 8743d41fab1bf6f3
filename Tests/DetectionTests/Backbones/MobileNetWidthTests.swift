import Detection
import NN
import Tensors
import TestSupport
import Testing

@Suite(.serialized) struct MobileNetWidthTests {
    /// Golden numbers in every parameter and running buffer.
    private func fill(_ backbone: MobileNetV2) {
        let norms = backbone.namedBuffers.map {
            $0.path.split(separator: ".").dropLast().joined(separator: ".")
        }
        GoldenModel(lastNorms: [], norms: Set(norms)).fill(backbone)
    }

    private func expectMaps(_ maps: [Variable], _ golden: GoldenTensors, _ width: Double) throws {
        for (map, feature) in zip(maps, [3, 6, 13, 18]) {
            let key = "\(width).features.\(feature)"
            #expect(map.shape == (try golden.note(key + ".shape", as: [Int].self)))
            try expectDigest(map.tensor, golden, key, relative: Tolerance.detector)
        }
    }

    @Test(arguments: [0.35, 1.4]) func otherWidthsMatchTorchvision(width: Double) throws {
        let golden = try GoldenTensors("backbones/mobilenet_v2_widths.safetensors")
        let images = GoldenWeights.images("input", count: 1, channels: 3, height: 64, width: 96, scale: 2)
        let frozen = MobileNetV2(width: width, hasFinalConvolution: true, frozenStages: 7, norm: .frozen)
        fill(frozen)
        let maps = frozen(images, Tape(recording: true))
        #expect(!maps.contains { $0.needsGradient } && maps.map { $0.shape[3] } == frozen.outputChannels)
        try expectMaps(maps, golden, width)

        // In the wide network some of the millions of inputs of a ReLU6 lie within rounding of its bends, and would
        // move every gradient before them: only what comes after the last of them learns there.
        let stages = width < 1 ? -1 : 6
        let free = MobileNetV2(
            width: width, hasFinalConvolution: true, frozenStages: stages, norm: .evaluation)
        fill(free)
        let learned = free.namedParameters.filter { entry in
            !free.frozenPrefixes.contains { entry.path.hasPrefix($0) }
        }
        // 52 convolutions with a norm each, or the four behind the sixth stage.
        #expect(learned.count == (stages < 0 ? 156 : 12))
        let arena = ParameterArena(learned)
        arena.beginAccumulation()
        let tape = Tape(recording: true)
        let recorded = free(images, tape)
        try expectMaps(recorded, golden, width)
        tape.backward(
            from: zip(recorded, [3, 6, 13, 18]).map { map, feature in
                let values = GoldenWeights.values(
                    "grad.\(width).features.\(feature)", count: map.tensor.count)
                return (map, Tensor(values, shape: map.shape))
            })
        arena.finishAccumulation()
        for (path, parameter) in learned {
            try expectDigest(
                try #require(parameter.leaf.gradient), golden, "\(width).grad.\(path)",
                relative: Tolerance.detector)
        }
    }

    @Test func withoutTheLastConvolutionTheLastBlockIsRead() {
        let backbone = MobileNetV2(width: 0.5, frozenStages: -1, norm: .evaluation)
        #expect(backbone.outputChannels == [16, 16, 48, 160])
        #expect(!backbone.namedParameters.contains { $0.path.hasPrefix("features.18") })
    }
}
