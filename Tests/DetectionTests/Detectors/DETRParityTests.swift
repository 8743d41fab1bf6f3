import DetectionData
import NN
import Tensors
import TestSupport
import Testing

@testable import Detection

/// DETR against the same network in PyTorch, from the same weights and images: `Golden/detr`.
@Suite(.serialized) struct DETRParityTests {
    private let golden: GoldenTensors
    private let images = GoldenDETR.images
    private let targets: [Target]

    init() throws {
        golden = try GoldenTensors("detr/detr.safetensors")
        targets = try GoldenDETR.targets(golden)
    }

    private static func prefix(_ isPreNorm: Bool) -> String { isPreNorm ? "pre." : "post." }

    @Test(arguments: [false, true]) func outputsMatch(isPreNorm: Bool) throws {
        try expectDigest(images, golden, "input", relative: 1e-6)
        let prefix = Self.prefix(isPreNorm)
        let network = GoldenDETR.make(isPreNorm: isPreNorm)
        let tape = Tape(recording: false)
        let maps = network.backbone(images, tape)
        try expectDigest(maps[3].tensor, golden, prefix + "c5", relative: Tolerance.detector)
        let grid = TokenGrid(targets, inputHeight: 104, inputWidth: 152, height: 4, width: 5)
        #expect(grid.isPadding.map { $0 ? 1 : 0 } == (try golden.integers("padding")))
        try expectDigest(
            SinePositionEncoding(channels: 32)(grid).reshaped([2, 4, 5, 32]), golden, prefix + "pos",
            relative: Tolerance.operation)
        let output = network.forward(images, targets, dropout: nil, tape)
        for (key, layers) in [("hs", output.features), ("logits", output.logits), ("boxes", output.boxes)] {
            let all = tape.concatenateRows(layers.map(\.rows)).tensor
            try expectDigest(all, golden, prefix + key, relative: Tolerance.detector)
        }
    }

    private func parity(isPreNorm: Bool) throws -> DetectorParity {
        let prefix = Self.prefix(isPreNorm)
        let names = try golden.note(prefix + "losses", as: [String].self)
        var parity = DetectorParity(
            GoldenDETR.make(isPreNorm: isPreNorm), (images, targets), golden,
            losses: zip(names, try golden.doubles(prefix + "losses")).map { ($0, $1) })
        parity.prefix = prefix
        parity.name = GoldenDETR.name
        return parity
    }

    @Test(arguments: [false, true]) func lossesMatch(isPreNorm: Bool) throws {
        try parity(isPreNorm: isPreNorm).lossesMatch()
    }

    /// More objects than queries: what the boxes' losses are divided by then differs between the published
    /// programs.
    @Test(arguments: [true, false]) func objectsBeyondTheQueriesStayUnmatched(countsObjects: Bool) throws {
        let network = GoldenDETR.make(isPreNorm: false, countsObjects: countsObjects)
        let crowd = try GoldenDETR.targets(golden, "crowd.")
        #expect(crowd[0].boxes.count > network.head.queryCount)
        let names = try golden.note("post.losses", as: [String].self)
        let numbers = try golden.doubles("post.crowd.\(countsObjects ? "objects" : "matches")")
        try DetectorParity(
            network, (images, crowd), golden, losses: zip(names, numbers).map { ($0, $1) }
        ).lossesMatch()
    }

    /// Queries start from zeros, so a decoder's first attention, or the norm before it, learns nothing from
    /// them.
    @Test(arguments: [false, true], [KernelSet.fast, .plain])
    func everyGradientMatches(isPreNorm: Bool, kernels: KernelSet) throws {
        try parity(isPreNorm: isPreNorm).everyGradientMatches(
            kernels: kernels,
            untaught: "transformer.decoder.layers.0."
                + (isPreNorm ? "norm1.weight" : "self_attn.in_proj_weight"))
    }

    @Test(arguments: [false, true]) func tenStepsGiveTheSameLosses(isPreNorm: Bool) throws {
        try parity(isPreNorm: isPreNorm).tenStepsGiveTheSameLosses(
            rate: 1e-4,
            optimizer: {
                AdamW(
                    $0, betas: (0.9, 0.999), epsilon: 1e-8, weightDecay: 1e-4,
                    rules: [ParameterRule(match: "backbone.", rateFactor: 0.1, decayFactor: 1)])
            }, clipping: GradientClipping(maximumNorm: 0.1))
    }

    @Test(arguments: [false, true]) func detectionsAreTheSame(isPreNorm: Bool) throws {
        try parity(isPreNorm: isPreNorm).detectionsAreTheSame()
    }
}
