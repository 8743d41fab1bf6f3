import Collectives
import DetectionData
import NN
import Pretraining
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite(.serialized) struct TrainStepTests {
    private let objective = LineObjective(weight: [0.5, -1, 2], bias: 0.25)
    private let optimizer: SGD
    private let step: TrainStep
    private let moment = StepMoment(seed: 0, step: 7, stepCount: 10)

    init() {
        optimizer = SGD(objective.arena, momentum: 0.5, weightDecay: 0)
        step = Self.step(objective, optimizer, limit: nil)
    }

    private static func step(_ objective: LineObjective, _ optimizer: SGD, limit: Float?) -> TrainStep {
        let communicator = LocalCommunicator()
        return TrainStep(
            objective, optimizer: optimizer, clipping: GradientClipping(maximumNorm: limit),
            schedule: LearningRateSchedule(base: 1, warmUp: .none, decay: .steps([], factor: 0.1)),
            communicator: communicator, statistics: RankStatistics(communicator))
    }

    /// Of different sizes: the mean of the two, not of their pixels.
    private let first = Batch(pixels: [[1, 2, 3]])
    private let second = Batch(pixels: [[0, 0, 8], [4, 0, 0], [0, 4, 4]])

    @Test func twoMicroBatchesCountAsTheirMean() throws {
        let report = try step.run([[first], [second]], microBatchCount: 2, at: moment, stopRequested: false)
        // Mean pixels (1, 2, 3) and (4/3, 4/3, 4); their mean (7/6, 5/3, 7/2).
        let expected: [Float] = [0.5 - 7 / 6, -1 - 5 / 3, 2 - 3.5, 0.25 - 1]
        for (value, goal) in zip(objective.values, expected) { #expect(abs(value - goal) < 1e-6) }
        // Losses 4.75 and (16 + 2 + 4) / 3 + 0.25.
        #expect(abs(report.losses[0].value - (4.75 + 22.0 / 3 + 0.25) / 2) < 1e-6)
        #expect(report.losses.map(\.name) == ["loss_line"] && report.rate == 1 && !report.stopRequested)
        let norm = (7.0 / 6 * 7 / 6 + 25.0 / 9 + 12.25 + 1).squareRoot()
        #expect(abs(Double(report.gradientNorm) - norm) < 1e-6)
        #expect(objective.updateCount == 1 && optimizer.stepCount == 1)
    }

    @Test func gradientsOfTheStepBeforeAreForgotten() throws {
        _ = try step.run([[second]], microBatchCount: 1, at: moment, stopRequested: false)
        let before = objective.values
        let velocity = optimizer.slots[0].tensor.values
        _ = try step.run([[first]], microBatchCount: 1, at: moment, stopRequested: false)
        let gradient: [Float] = [1, 2, 3, 1]
        let places = [0, 1, 2, 16]
        for i in 0..<4 {
            #expect(abs(objective.values[i] - (before[i] - 0.5 * velocity[places[i]] - gradient[i])) < 1e-5)
        }
    }

    /// A rank that shares in no micro-batch still takes part in the update.
    @Test func noMicroBatchMeansZeroGradients() throws {
        let before = objective.values
        let report = try step.run([], microBatchCount: 4, at: moment, stopRequested: true)
        #expect(objective.values == before && report.gradientNorm == 0 && report.totalLoss == 0)
        #expect(report.stopRequested)
    }

    @Test func aLongGradientIsScaledToTheLimit() throws {
        let step = Self.step(objective, optimizer, limit: 0.5)
        let before = objective.values
        let report = try step.run([[first]], microBatchCount: 1, at: moment, stopRequested: false)
        #expect(abs(Double(report.gradientNorm) - 15.0.squareRoot()) < 1e-6)
        let moved = zip(before, objective.values).map { Double($0 - $1) }
        let length = moved.reduce(0) { $0 + $1 * $1 }.squareRoot()
        #expect(abs(length - 0.5) < 1e-6)
    }

    /// Fails unless the step refuses to update, and nothing has changed.
    private func expectNonFinite(_ microBatches: [[Batch]], words: [String]) throws {
        _ = try step.run([[first]], microBatchCount: 1, at: moment, stopRequested: false)
        let (values, velocity) = (objective.arena.values.values, optimizer.slots[0].tensor.values)
        if microBatches.isEmpty { objective.slope = .infinity }
        do {
            _ = try step.run(
                microBatches.isEmpty ? [[first]] : microBatches, microBatchCount: max(1, microBatches.count),
                at: moment,
                stopRequested: false)
            Issue.record("a step with numbers that are not finite went through")
        } catch let error as TrainingError {
            #expect(error.kind == .nonFinite)
            for word in words { #expect("\(error)".contains(word), "\(error)") }
        }
        #expect(objective.arena.values.values == values)
        #expect(optimizer.slots[0].tensor.values == velocity)
        #expect(optimizer.stepCount == 1 && objective.updateCount == 1)
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity])
    func aLossThatIsNotFiniteChangesNothing(value: Float) throws {
        try expectNonFinite(
            [[first], [Batch(pixels: [[1, value, 1]])]], words: ["step 8", "rank 0: loss_line is"])
    }

    @Test func aGradientThatIsNotFiniteChangesNothing() throws {
        try expectNonFinite([], words: ["step 8", "rank 0: a gradient of weight is"])
    }
}
