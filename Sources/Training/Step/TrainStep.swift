package import Collectives
package import DetectionData
internal import Detection
package import NN
package import Pretraining
internal import Tensors

/// One update of the parameters from one global batch, spread over ranks.
///
/// The recipe fixes the global batch and the micro-batch; each rank runs its share of micro-batches, gradients are
/// averaged over all of them, so the update does not depend on the number of ranks.
package final class TrainStep {
    private let objective: any Objective
    private let optimizer: any Optimizer
    private let clipping: GradientClipping
    private let schedule: LearningRateSchedule
    private let communicator: any Communicator
    private let statistics: RankStatistics
    private let reducer: GradientReducer
    private let lossNames: [String]

    /// - lossNames: the terms the objective returns, in order; ranks without a micro-batch report zeros for them.
    package init(
        _ objective: any Objective, optimizer: any Optimizer, clipping: GradientClipping,
        schedule: LearningRateSchedule, communicator: any Communicator, statistics: RankStatistics,
        bucketByteCount: Int = 8 << 20
    ) {
        self.objective = objective
        self.optimizer = optimizer
        self.clipping = clipping
        self.schedule = schedule
        self.communicator = communicator
        self.statistics = statistics
        lossNames = objective.lossNames
        let plan = BucketPlan(objective.arena, bucketByteCount: bucketByteCount)
        reducer = GradientReducer(objective.arena, plan: plan, communicator: communicator)
    }

    /// - microBatches: this rank's share, one list of views each; may be empty.
    /// - microBatchCount: of all ranks together.
    /// - stopRequested: whether this rank was asked to stop; all ranks learn it in the same step.
    /// - Throws: `CollectiveError`, or `TrainingError` of kind `nonFinite` on all ranks in the same step, before any
    ///   parameter changed.
    package func run(
        _ microBatches: [[Batch]], microBatchCount: Int, at moment: StepMoment, stopRequested: Bool
    ) throws -> StepReport {
        let clock = PhaseClock()
        let arena = objective.arena
        arena.beginAccumulation()
        reducer.begin()
        var sums = [Double](repeating: 0, count: lossNames.count + 2)
        for (i, views) in microBatches.enumerated() {
            let tape = Tape(recording: true)
            tape.onLap = { clock.lap($0.rawValue) }
            if i == microBatches.count - 1 { tape.onGradientReady = { [reducer] in reducer.isReady($0) } }
            let terms = objective.losses(views, at: moment, tape)
            precondition(terms.map(\.name) == lossNames, "losses \(terms.map(\.name)), expected \(lossNames)")
            clock.lap("loss")
            for (k, term) in terms.enumerated() { sums[k] += Double(term.value) / Double(microBatchCount) }
            tape.backward(terms.map { ($0.sum, $0.factor / Float(microBatchCount)) })
            clock.lap("backward")
        }
        _ = try reducer.finish()
        if let error = statistics.error { throw error }
        clock.lap("reduce")
        if !sums.allSatisfy(\.isFinite) {
            sums[lossNames.count] = Double(communicator.topology.rank + 1)
        }
        sums[lossNames.count + 1] = stopRequested ? 1 : 0
        return try update(&sums, clock, moment)
    }

    private func update(_ sums: inout [Double], _ clock: PhaseClock, _ moment: StepMoment) throws -> StepReport {
        let bad = sums[lossNames.count]
        if bad != 0 { for k in lossNames.indices { sums[k] = 0 } }
        sums = try communicator.reduced(sums, .sum, label: "losses and flags")
        let (norm, scale) = clipping.measure(objective.arena)
        guard sums[lossNames.count] == 0, norm.isFinite else {
            let place = bad != 0 ? "rank \(communicator.topology.rank) has a loss" : "the summed gradient has a value"
            throw TrainingError(
                .nonFinite, "step \(moment.step): \(place) that is infinite or not a number; nothing was updated",
                hint: "lower optimizer.lr, lengthen the warm-up or set optimizer.clip_norm, and resume")
        }
        let rate = schedule.rate(step: moment.step)
        optimizer.step(rate: rate, gradientScale: scale)
        clock.lap("optimizer")
        objective.didUpdate(at: moment)
        clock.lap("ema")
        return StepReport(
            losses: zip(lossNames, sums).map { ($0, $1) }, gradientNorm: norm, rate: rate,
            stopRequested: sums[lossNames.count + 1] > 0, phases: clock.phases)
    }
}
