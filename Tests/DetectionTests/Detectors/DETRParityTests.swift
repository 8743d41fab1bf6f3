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

    /// Ours put the last layer's terms first, the fixture puts them in order.
    private func inGoldenOrder<Element>(_ terms: [Element]) -> [Element] { Array(terms[3...]) + terms[..<3] }

    private let draws = DrawKey(seed: 1, step: 0)

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

    @Test(arguments: [false, true]) func lossesMatch(isPreNorm: Bool) throws {
        let network = GoldenDETR.make(isPreNorm: isPreNorm)
        let terms = network.losses(images, targets, draws: draws, Tape(recording: false))
        #expect(terms.map(\.name) == network.lossNames)
        let names = try golden.note(Self.prefix(isPreNorm) + "losses", as: [String].self)
        #expect(inGoldenOrder(terms.map(\.name)) == names)
        try expectLosses(terms, try golden.doubles(Self.prefix(isPreNorm) + "losses"), Tolerance.detector)
    }

    private func expectLosses(
        _ terms: [LossTerm], _ expected: [Double], _ tolerance: Double, _ what: String = "",
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for (term, number) in zip(inGoldenOrder(terms), expected) {
            expectClose(
                Double(term.value), number, relative: tolerance, "\(what) \(term.name)",
                sourceLocation: sourceLocation)
        }
    }

    /// More objects than queries: what the boxes' losses are divided by then differs between the published
    /// programs.
    @Test(arguments: [true, false]) func objectsBeyondTheQueriesStayUnmatched(countsObjects: Bool) throws {
        let network = GoldenDETR.make(isPreNorm: false, countsObjects: countsObjects)
        let crowd = try GoldenDETR.targets(golden, "crowd.")
        #expect(crowd[0].boxes.count > network.head.queryCount)
        let terms = network.losses(images, crowd, draws: draws, Tape(recording: false))
        try expectLosses(
            terms, try golden.doubles("post.crowd.\(countsObjects ? "objects" : "matches")"),
            Tolerance.detector)
    }

    @Test(arguments: [false, true], [KernelSet.fast, .plain])
    func everyGradientMatches(isPreNorm: Bool, kernels: KernelSet) throws {
        let prefix = Self.prefix(isPreNorm)
        let network = GoldenDETR.make(isPreNorm: isPreNorm)
        let names = try golden.note(prefix + "gradient.names", as: [String].self)
        let trained = network.trainedParameters
        #expect(Set(trained.map { GoldenDETR.name($0.path) }) == Set(names) && trained.count == names.count)
        let arena = ParameterArena(trained)
        arena.beginAccumulation()
        kernels.run {
            let tape = Tape(recording: true)
            let terms = network.losses(images, targets, draws: draws, tape)
            tape.backward(terms.map { ($0.sum, $0.factor) })
        }
        arena.finishAccumulation()
        let positions = try golden.integers(prefix + "gradient.positions")
        let samples = try golden.doubles(prefix + "gradient.samples")
        let norms = try golden.doubles(prefix + "gradient.norm")
        let sums = try golden.doubles(prefix + "gradient.sum")
        let count = positions.count / names.count
        let row = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        let largest = norms.max() ?? 0
        for (path, parameter) in trained {
            let i = try #require(row[GoldenDETR.name(path)], "\(path)")
            let gradient = try #require(parameter.leaf.gradient)
            guard norms[i] > 1e-9 * largest else {
                // Queries start from zeros, so a decoder's first attention, or the norm before it, learns
                // nothing from them.
                #expect(
                    path.hasSuffix(
                        isPreNorm
                            ? "decoder.layers.0.norm1.weight" : "decoder.layers.0.self_attn.in_proj_weight"))
                #expect(Elementwise.sumOfSquares(gradient).squareRoot() < 1e-6 * largest)
                continue
            }
            expectDigest(
                gradient, positions: Array(positions[(i * count)..<((i + 1) * count)]),
                samples: Array(samples[(i * count)..<((i + 1) * count)]), norm: norms[i], sum: sums[i],
                relative: Tolerance.detector, "gradient \(path)")
        }
    }

    @Test(arguments: [false, true]) func tenStepsGiveTheSameLosses(isPreNorm: Bool) throws {
        let prefix = Self.prefix(isPreNorm)
        let network = GoldenDETR.make(isPreNorm: isPreNorm)
        let (history, norms) = (
            try golden.doubles(prefix + "steps.losses"), try golden.doubles(prefix + "steps.norms")
        )
        let arena = ParameterArena(network.trainedParameters)
        let optimizer = AdamW(
            arena, betas: (0.9, 0.999), epsilon: 1e-8, weightDecay: 1e-4,
            rules: [ParameterRule(match: "backbone.", rateFactor: 0.1, decayFactor: 1)])
        let clipping = GradientClipping(maximumNorm: 0.1)
        for step in 0..<10 {
            arena.beginAccumulation()
            let tape = Tape(recording: true)
            let terms = network.losses(images, targets, draws: draws, tape)
            try expectLosses(
                terms, Array(history[(9 * step)..<(9 * step + 9)]), Tolerance.tenSteps, "step \(step)")
            tape.backward(terms.map { ($0.sum, $0.factor) })
            arena.finishAccumulation()
            let (norm, scale) = clipping.measure(arena)
            expectClose(Double(norm), norms[step], relative: Tolerance.tenSteps, "norm of step \(step)")
            optimizer.step(rate: 1e-4, gradientScale: scale)
        }
    }

    @Test(arguments: [false, true]) func detectionsAreTheSame(isPreNorm: Bool) throws {
        let found = GoldenDETR.make(isPreNorm: isPreNorm).detect(images, targets)
        for (i, objects) in found.enumerated() {
            let key = Self.prefix(isPreNorm) + "detections.\(i)"
            #expect(objects.map { Int($0.label) } == (try golden.integers(key + ".labels")))
            expectClose(
                objects.map(\.score), try golden.floats(key + ".scores"), relative: Tolerance.detector,
                "scores")
            expectClose(
                objects.flatMap { [$0.box.x1, $0.box.y1, $0.box.x2, $0.box.y2] },
                try golden.floats(key + ".boxes"), relative: Tolerance.detector, "boxes")
        }
    }
}
