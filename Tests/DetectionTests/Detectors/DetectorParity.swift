import Detection
import DetectionData
import NN
import Tensors
import TestSupport
import Testing

/// A detector on one batch against another program's from the same weights: what all of them are held to.
struct DetectorParity {
    let network: any Detector
    let images: Tensor
    let targets: [Target]
    let golden: GoldenTensors
    /// The other program's losses by our names, in the fixture's order.
    let losses: [(name: String, value: Double)]
    /// What entries begin with where a fixture holds several networks.
    var prefix = ""
    /// The other program's name of one of our parameters.
    var name: (_ path: String) -> String = { $0 }
    /// The other program's form of a parameter's gradient.
    var theirs: (_ path: String, Tensor) -> Tensor = { $1 }

    private let draws = DrawKey(seed: 0, step: 0)
    /// For messages.
    private var title: String { "\(type(of: network))" }

    init(
        _ network: any Detector, _ batch: (images: Tensor, targets: [Target]), _ golden: GoldenTensors,
        losses: [(name: String, value: Double)]
    ) {
        (self.network, self.golden, self.losses) = (network, golden, losses)
        (images, targets) = batch
    }

    private func record(_ tape: Tape) -> [LossTerm] {
        network.losses(images, targets, draws: draws, tape)
    }

    /// - expected: numbers in the fixture's order.
    private func expectLosses(
        _ terms: [LossTerm], _ expected: some Sequence<Double>, relative tolerance: Double,
        _ what: String, _ sourceLocation: SourceLocation
    ) throws {
        #expect(terms.map(\.name) == network.lossNames, sourceLocation: sourceLocation)
        #expect(terms.count == losses.count, "\(title)", sourceLocation: sourceLocation)
        for (name, number) in zip(losses.map(\.name), expected) {
            let term = try #require(
                terms.first { $0.name == name }, "\(title) \(name)", sourceLocation: sourceLocation)
            expectClose(
                Double(term.value), number, relative: tolerance, "\(title) \(what)\(name)",
                sourceLocation: sourceLocation)
        }
    }

    func lossesMatch(sourceLocation: SourceLocation = #_sourceLocation) throws {
        try expectLosses(
            record(Tape(recording: false)), losses.map(\.value), relative: Tolerance.detector, "",
            sourceLocation)
    }

    /// - untaught: the parameter that learns nothing but rounding.
    func everyGradientMatches(
        kernels: KernelSet, untaught: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let arena = ParameterArena(network.trainedParameters)
        let terms = kernels.run { arena.backward(record) }
        try expectLosses(terms, losses.map(\.value), relative: Tolerance.detector, "", sourceLocation)
        try golden.expectGradientDigests(
            of: arena, prefix + "gradient", relative: Tolerance.detector, untaught: { $0 == untaught },
            name: name, theirs: theirs, title, sourceLocation: sourceLocation)
    }

    /// - optimizer: over the trained parameters; clipping: where the fixture has the norms, too.
    func tenStepsGiveTheSameLosses(
        rate: Float,
        optimizer make: (ParameterArena) -> any Optimizer = { SGD($0, momentum: 0.9, weightDecay: 1e-4) },
        clipping: GradientClipping? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let history = try golden.doubles(prefix + "steps.losses")
        let norms = try clipping.map { _ in try golden.doubles(prefix + "steps.norms") }
        try #require(history.count == 10 * losses.count, sourceLocation: sourceLocation)
        let optimizer = make(ParameterArena(network.trainedParameters))
        for step in 0..<10 {
            let terms = optimizer.arena.backward(record)
            try expectLosses(
                terms, history[(losses.count * step)...], relative: Tolerance.tenSteps, "step \(step) ",
                sourceLocation)
            let measured = clipping?.measure(optimizer.arena)
            if let measured, let norms {
                expectClose(
                    Double(measured.norm), norms[step], relative: Tolerance.tenSteps,
                    "\(title) norm of step \(step)", sourceLocation: sourceLocation)
            }
            optimizer.step(rate: rate, gradientScale: measured?.scale ?? 1)
        }
    }

    /// - firstLabel: the fixture's label of our first class.
    func detectionsAreTheSame(firstLabel: Int = 0, sourceLocation: SourceLocation = #_sourceLocation) throws {
        try expectDetections(
            network.detect(images, targets), golden, prefix + "detections", firstLabel: firstLabel,
            sourceLocation: sourceLocation)
    }

    func aStepLeavesNoMemoryBehind(sourceLocation: SourceLocation = #_sourceLocation) {
        let arena = ParameterArena(network.trainedParameters)
        expectNoLeaks(sourceLocation: sourceLocation) {
            arena.backward(record)
            _ = network.detect(images, targets)
        }
    }
}
