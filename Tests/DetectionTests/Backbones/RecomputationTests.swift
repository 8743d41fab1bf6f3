import Detection
import NN
import Tensors
import TestSupport
import Testing

/// Blocks that run twice against the same ones that keep what they need.
@Suite(.serialized) struct RecomputationTests {
    enum Network: CaseIterable {
        case resNet, mobileNet, swin

        func make(recomputedStages: Int) -> any Backbone {
            switch self {
            case .resNet:
                ResNet(.eighteen, frozenStages: 1, norm: .batch, recomputedStages: recomputedStages)
            case .mobileNet:
                MobileNetV2(frozenStages: -1, norm: .batch, recomputedStages: recomputedStages)
            case .swin:
                SwinTransformer(
                    SwinShape(width: 32, depths: [2, 2, 2, 2], headCounts: [1, 2, 4, 8], window: 7),
                    frozenStages: -1, dropPath: 0.5, recomputedStages: recomputedStages)
            }
        }
    }

    private struct Pass {
        let maps: [[Float]]
        /// Gradients by path; and running statistics after the pass.
        let gradients: [(path: String, value: Tensor)]
        let buffers: [[Float]]
        /// What the forward pass left for the backward pass.
        let savedBytes: Int
    }

    private func pass(_ backbone: any Backbone, _ dtype: DType) -> Pass {
        backbone.initialize(seed: 3)
        let images = GoldenWeights.images("input", count: 2, channels: 3, height: 64, width: 96, scale: 2)
            .converted(to: dtype)
        let trained = backbone.namedParameters.filter { entry in
            !backbone.frozenPrefixes.contains { entry.path.hasPrefix($0) }
        }
        let arena = ParameterArena(trained)
        arena.beginAccumulation()
        let tape = Tape(recording: true, dtype: dtype)
        // Packs the weights, which stay.
        _ = backbone(images, tape.silent)
        let before = BufferPool.shared.liveByteCount
        let maps = backbone(images, paths: PathDraws(seed: 1, step: 3, images: [5, 9]), tape)
        let saved = BufferPool.shared.liveByteCount - before
        var ready: [ObjectIdentifier] = []
        tape.onGradientReady = { ready.append(ObjectIdentifier($0)) }
        tape.backward(
            from: maps.enumerated().map { i, map in
                let values = GoldenWeights.values("grad.c\(i + 2)", count: map.tensor.count)
                return (map, Tensor(values, shape: map.shape).converted(to: map.dtype))
            })
        #expect(Set(ready).count == ready.count, "a gradient is ready once")
        #expect(Set(ready).count == trained.count)
        arena.finishAccumulation()
        return Pass(
            maps: maps.map { $0.tensor.converted(to: .float32).values },
            gradients: trained.compactMap { entry in
                entry.parameter.leaf.gradient.map { (entry.path, $0.copied()) }
            },
            buffers: backbone.namedTensors.filter { $0.path.contains("running") }.map(\.tensor.values),
            savedBytes: saved)
    }

    @Test(arguments: Network.allCases) func givesTheSameAndSavesLess(network: Network) {
        let kept = pass(network.make(recomputedStages: 0), .float32)
        let repeated = pass(network.make(recomputedStages: 4), .float32)
        #expect(repeated.maps == kept.maps)
        // Statistics are measured in both runs of a block and enter the running ones once.
        #expect(repeated.buffers == kept.buffers)
        #expect(kept.gradients.count == repeated.gradients.count)
        for (one, other) in zip(kept.gradients, repeated.gradients) {
            expectClose(other.value, one.value, relative: Tolerance.operation, one.path)
        }
        #expect(
            repeated.savedBytes < kept.savedBytes * 6 / 10,
            "\(repeated.savedBytes) of \(kept.savedBytes) bytes")
    }

    @Test func savesBytesStageByStage() {
        let bytes = (0...4).map {
            pass(ResNet(.eighteen, frozenStages: -1, norm: .batch, recomputedStages: $0), .float32).savedBytes
        }
        #expect(bytes == bytes.sorted(by: >) && Set(bytes).count == 5, "\(bytes)")
    }

    @Test func worksInSixteenBits() {
        let kept = pass(Network.resNet.make(recomputedStages: 0), .bfloat16)
        let repeated = pass(Network.resNet.make(recomputedStages: 4), .bfloat16)
        #expect(repeated.maps == kept.maps && repeated.buffers == kept.buffers)
        for (one, other) in zip(kept.gradients, repeated.gradients) {
            // Sums of three gradients are rounded in another order.
            expectClose(other.value, one.value, relative: 0.02, one.path)
        }
    }

    /// The maps alone, without a tape that records.
    @Test func runsOnceWhereNothingIsRecorded() {
        let backbone = Network.resNet.make(recomputedStages: 4)
        backbone.initialize(seed: 3)
        let images = GoldenWeights.images("input", count: 1, channels: 3, height: 64, width: 64, scale: 2)
        let plain = Network.resNet.make(recomputedStages: 0)
        plain.initialize(seed: 3)
        let (one, other) = (backbone, plain)
        let maps = one(images, Tape(recording: false))
        #expect(maps.allSatisfy { !$0.needsGradient })
        #expect(maps.map(\.tensor.values) == other(images, Tape(recording: false)).map(\.tensor.values))
    }
}
