internal import Collectives
internal import DetectionData
internal import NN
internal import Pretraining
internal import Training

/// Training steps of a recipe on synthetic images, built as a run builds them, one micro-batch each.
final class SyntheticTraining {
    private let config: RunConfig
    private let step: TrainStep
    private let batches: SyntheticBatches
    private var number = 0
    /// Bytes of the gradients that ranks add up.
    let gradientByteCount: Int

    private let rankCount: Int

    /// Photographs and weight files are not read; with a communicator of several ranks each computes a micro-batch of its
    /// own, and gradients are summed as in a run. At rate 0 the optimizer costs the same, and networks of random weights
    /// stay what they are.
    init(
        _ config: RunConfig, size: PixelSize, count: Int, communicator: any Communicator = LocalCommunicator()
    ) throws {
        self.config = config
        rankCount = communicator.topology.size
        let statistics = RankStatistics(communicator)
        let objective = try ObjectiveAssembly(config, reducer: statistics).make { _ in }
        gradientByteCount = 4 * objective.arena.count
        step = TrainStep(
            objective, optimizer: config.optimizer.make(objective.arena),
            clipping: GradientClipping(maximumNorm: config.optimizer.clipNorm.map { Float($0) }),
            schedule: config.schedule.rates(base: 0, stepsPerEpoch: 1), communicator: communicator,
            statistics: statistics, dtype: try config.run.amp.dtype(on: communicator))
        batches = SyntheticBatches(config, size: size, count: count)
    }

    /// The next step's micro-batch: its views.
    func microBatch() -> [Batch] { batches.views(step: number) }

    func run(_ views: [Batch]) throws -> StepReport {
        let moment = StepMoment(seed: config.run.seed, step: number, stepCount: 1000)
        number += 1
        return try step.run([views], microBatchCount: rankCount, at: moment, stopRequested: false)
    }
}
