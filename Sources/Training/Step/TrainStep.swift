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
    /// Instead of the reducer where no number of ranks may change a bit.
    private let ordered: OrderedGradients?
    private let lossNames: [String]
    private let dtype: DType

    /// Gradients are summed in messages of about this much.
    package static let bucketByteCount = 8 << 20

    /// - dtype: the format of maps and their gradients.
    /// - isOrdered: whether gradients are added in an order that no number of ranks changes.
    package init(
        _ objective: any Objective, optimizer: any Optimizer, clipping: GradientClipping,
        schedule: LearningRateSchedule, communicator: any Communicator, statistics: RankStatistics,
        dtype: DType = .float32, isOrdered: Bool = false, bucketByteCount: Int = TrainStep.bucketByteCount
    ) {
        ordered = isOrdered ? OrderedGradients(objective.arena, communicator: communicator) : nil
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
        ordered?.begin(microBatchCount: microBatchCount)
        let topology = communicator.topology
        let firstMicroBatch =
            DistributedSampler.range(of: microBatchCount, rank: topology.rank, worldSize: topology.size)
            .lowerBound
        // Losses of every micro-batch in a place of its own, so that they are added in one order, too; then two flags.
        let flags = lossNames.count * microBatchCount
        var values = [Double](repeating: 0, count: flags + 2)
        let number = moment.step + 1
        for (i, views) in microBatches.enumerated() {
            communicator.note(step: number, phase: "forward")
            let tape = Tape(recording: true, dtype: dtype)
            tape.onLap = { clock.lap($0.rawValue) }
            if ordered != nil {
                arena.beginAccumulation()
            } else if i == microBatches.count - 1 {
                tape.onGradientReady = { [reducer] in reducer.isReady($0) }
            }
            let terms = objective.losses(views, at: moment, tape)
            precondition(terms.map(\.name) == lossNames, "losses \(terms.map(\.name)), expected \(lossNames)")
            clock.lap("loss")
            let place = (firstMicroBatch + i) * lossNames.count
            for (k, term) in terms.enumerated() { values[place + k] = Double(term.value) }
            communicator.note(step: number, phase: "backward")
            tape.backward(terms.map { ($0.sum, $0.factor / Float(microBatchCount)) })
            clock.lap("backward")
            if let ordered {
                arena.finishAccumulation()
                ordered.add()
                clock.lap("reduce")
            }
        }
        communicator.note(step: number, phase: "reduce")
        var communication = CommunicationTimes()
        do throws(CollectiveError) {
            if let ordered { try ordered.finish() } else { communication = try reducer.finish() }
        } catch {
            // After a failed statistic nothing works any more; the first error is the one to tell.
            throw statistics.error ?? error
        }
        if let error = statistics.error { throw error }
        clock.lap("reduce")
        if !values.allSatisfy(\.isFinite) {
            for k in 0..<flags { values[k] = 0 }
            values[flags] = 1
        }
        values[flags + 1] = stopRequested ? 1 : 0
        values = try communicator.reduced(values, .sum, label: "losses and flags")
        let (norm, scale) = clipping.measure(arena)
        guard values[flags] == 0, norm.isFinite else {
            throw TrainingError(
                .nonFinite,
                "step \(number): \(try nonFinitePlaces(microBatches, at: moment)); nothing was updated",
                hint: "lower optimizer.lr, lengthen the warm-up or set optimizer.clip_norm, and resume")
        }
        let losses = lossNames.indices.map { k in
            stride(from: k, to: flags, by: lossNames.count).reduce(0) { $0 + values[$1] }
                / Double(microBatchCount)
        }
        update(scale: scale, clock, moment)
        return StepReport(
            losses: zip(lossNames, losses).map { ($0, $1) }, gradientNorm: norm,
            rate: schedule.rate(step: moment.step), stopRequested: values[flags + 1] > 0,
            communication: communication, phases: clock.phases)
    }

    private func update(scale: Float, _ clock: PhaseClock, _ moment: StepMoment) {
        communicator.note(step: moment.step + 1, phase: "update")
        optimizer.step(rate: schedule.rate(step: moment.step), gradientScale: scale)
        clock.lap("optimizer")
        objective.didUpdate(at: moment)
        clock.lap("ema")
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
