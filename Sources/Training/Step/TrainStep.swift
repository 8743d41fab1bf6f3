package import Collectives
internal import Detection
package import DetectionData
package import NN
package import Pretraining
package import Tensors

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
    private let dtype: DType

    /// - dtype: the format of maps and their gradients.
    /// - lossNames: the terms the objective returns, in order; ranks without a micro-batch report zeros for them.
    package init(
        _ objective: any Objective, optimizer: any Optimizer, clipping: GradientClipping,
        schedule: LearningRateSchedule, communicator: any Communicator, statistics: RankStatistics,
        dtype: DType = .float32, bucketByteCount: Int = 8 << 20
    ) {
        self.objective = objective
        self.optimizer = optimizer
        self.clipping = clipping
        self.schedule = schedule
        self.communicator = communicator
        self.statistics = statistics
        self.dtype = dtype
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
        let number = moment.step + 1
        for (i, views) in microBatches.enumerated() {
            communicator.note(step: number, phase: "forward")
            let tape = Tape(recording: true, dtype: dtype)
            tape.onLap = { clock.lap($0.rawValue) }
            if i == microBatches.count - 1 { tape.onGradientReady = { [reducer] in reducer.isReady($0) } }
            let terms = objective.losses(views, at: moment, tape)
            precondition(terms.map(\.name) == lossNames, "losses \(terms.map(\.name)), expected \(lossNames)")
            clock.lap("loss")
            for (k, term) in terms.enumerated() { sums[k] += Double(term.value) / Double(microBatchCount) }
            communicator.note(step: number, phase: "backward")
            tape.backward(terms.map { ($0.sum, $0.factor / Float(microBatchCount)) })
            clock.lap("backward")
        }
        communicator.note(step: number, phase: "reduce")
        do { _ = try reducer.finish() } catch {
            // After a failed statistic nothing works any more; the first error is the one to tell.
            throw statistics.error ?? error
        }
        if let error = statistics.error { throw error }
        clock.lap("reduce")
        if !sums.allSatisfy(\.isFinite) {
            for k in lossNames.indices { sums[k] = 0 }
            sums[lossNames.count] = 1
        }
        sums[lossNames.count + 1] = stopRequested ? 1 : 0
        sums = try communicator.reduced(sums, .sum, label: "losses and flags")
        let (norm, scale) = clipping.measure(arena)
        guard sums[lossNames.count] == 0, norm.isFinite else {
            throw TrainingError(
                .nonFinite,
                "step \(number): \(try nonFinitePlaces(microBatches, at: moment)); nothing was updated",
                hint: "lower optimizer.lr, lengthen the warm-up or set optimizer.clip_norm, and resume")
        }
        return update(sums, norm: norm, scale: scale, clock, moment)
    }

    private func update(
        _ sums: [Double], norm: Float, scale: Float, _ clock: PhaseClock, _ moment: StepMoment
    ) -> StepReport {
        communicator.note(step: moment.step + 1, phase: "update")
        let rate = schedule.rate(step: moment.step)
        optimizer.step(rate: rate, gradientScale: scale)
        clock.lap("optimizer")
        objective.didUpdate(at: moment)
        clock.lap("ema")
        return StepReport(
            losses: zip(lossNames, sums).map { ($0, $1) }, gradientNorm: norm, rate: rate,
            stopRequested: sums[lossNames.count + 1] > 0, phases: clock.phases)
    }

    // MARK: After a failure

    /// Which ranks have which numbers that are not finite, the same text on all of them.
    ///
    /// The sum has overwritten what each rank gave to it, so every rank works out its own once more.
    private func nonFinitePlaces(_ microBatches: [[Batch]], at moment: StepMoment) throws -> String {
        var mine = ""
        for views in microBatches {
            objective.arena.beginAccumulation()
            let tape = Tape(recording: true, dtype: dtype)
            let terms = objective.losses(views, at: moment, tape)
            tape.backward(terms.map { ($0.sum, $0.factor) })
            objective.arena.finishAccumulation()
            guard mine.isEmpty else { continue }
            if let term = terms.first(where: { !$0.value.isFinite }) {
                mine = "\(term.name) is \(term.value)"
            } else if let entry = objective.arena.entries.first(where: { entry in
                (0..<entry.count).contains { !objective.arena.gradients.floats[entry.offset + $0].isFinite }
            }) {
                mine = "a gradient of \(entry.path) is infinite or not a number"
            }
        }
        let parts = try communicator.gather([UInt8](mine.utf8), label: "what is not finite") ?? []
        let named = parts.enumerated().filter { !$1.isEmpty }
            .map { "rank \($0): \(String(decoding: $1, as: UTF8.self))" }
        let text =
            named.isEmpty ? "the sum of the ranks' gradients is not finite" : named.joined(separator: ", ")
        return String(
            decoding: try communicator.broadcast([UInt8](text.utf8), label: "what is not finite"),
            as: UTF8.self)
    }
}
