import DetectionData
import NN
import Pretraining
import TestSupport
import XCTest

@testable import Collectives
@testable import Training

/// Ranks update together or not at all, and know when they have come apart.
final class StepAgreementTests: RankTestCase {
    private let objective = LineObjective(weight: [0.5, -1, 2], bias: 0.25)
    private let moment = StepMoment(seed: 0, step: 7, stepCount: 10)

    private func step(_ world: MPICommunicator) -> TrainStep {
        TrainStep(
            objective, optimizer: SGD(objective.arena, momentum: 0.5, weightDecay: 0),
            clipping: GradientClipping(maximumNorm: nil),
            schedule: LearningRateSchedule(base: 1, warmUp: .none, decay: .steps([], factor: 0.1)),
            communicator: world, statistics: RankStatistics(world))
    }

    private func expectRefusal(naming words: [String], pixel: Float, on world: MPICommunicator) throws {
        let before = objective.arena.values.values
        XCTAssertThrowsError(
            try step(world).run(
                [[Batch(pixels: [[1, pixel, 1]])]], microBatchCount: world.topology.size, at: moment,
                stopRequested: false)
        ) { error in
            XCTAssertEqual((error as? TrainingError)?.kind, .nonFinite, "\(error)")
            for word in words { XCTAssertTrue("\(error)".contains(word), "\(error)") }
        }
        XCTAssertEqual(objective.arena.values.values, before)
        XCTAssertEqual(objective.updateCount, 0)
    }

    func testALossOfOneRankThatIsNotFiniteStopsAllInTheSameStep() throws {
        let world = try world()
        let bad = world.topology.size - 1
        try expectRefusal(
            naming: ["step 8: rank \(bad): loss_line is nan;"], pixel: world.topology.rank == bad ? .nan : 1,
            on: world)
    }

    /// The loss is finite on every rank; the sum of gradients does not say whose part it was.
    func testAGradientOfOneRankThatIsNotFiniteIsTracedToIt() throws {
        let world = try world()
        let bad = world.topology.size / 2
        if world.topology.rank == bad { objective.slope = .infinity }
        try expectRefusal(
            naming: ["step 8: rank \(bad): a gradient of weight is infinite or not a number;"], pixel: 1,
            on: world)
    }

    func testOneBitOfOneParameterOfOneRankIsNoticed() throws {
        let world = try world()
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        let config = try RunConfig.load(
            path: "\(root)/configs/quick/pretrain.yaml", builtInRoot: "\(root)/Sources/AlignDetCLI/BuiltIn")
        let state = RunState(objective, SGD(objective.arena, momentum: 0.5, weightDecay: 0), config)
        try world.agree(on: state.digest, what: "parameters after step 8")
        let odd = world.topology.size - 1
        if world.topology.rank == odd {
            let value = objective.arena.values.floats[1]
            objective.arena.values.floats[1] = Float(bitPattern: value.bitPattern ^ 1)
        }
        guard world.topology.size > 1 else { return }
        XCTAssertThrowsError(try world.agree(on: state.digest, what: "parameters after step 8")) { error in
            XCTAssertEqual((error as? CollectiveError)?.differingRanks, [odd], "\(error)")
        }
    }
}
