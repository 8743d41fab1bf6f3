internal import Checkpointing
package import Collectives
package import DetectionData
internal import Foundation
package import Logging
internal import Pretraining

/// The loop: takes micro-batches, makes steps, logs, and calls for checkpoints and evaluations.
package final class Trainer {
    /// Why the loop ended.
    package enum Outcome: Sendable, Equatable {
        case finished
        /// Somebody asked the job to stop; its state after this many updates was saved.
        case stopped(step: Int)
    }

    /// When things happen, in steps.
    package struct Intervals: Sendable {
        package let log: Int
        /// 0 for the end only.
        package let checkpoint: Int
        package let evaluation: Int

        package init(log: Int, checkpoint: Int, evaluation: Int) {
            (self.log, self.checkpoint, self.evaluation) = (log, checkpoint, evaluation)
        }
    }

    /// What the loop hands back to whoever runs it.
    package struct Actions {
        /// Saves the state after `step` updates.
        package let save: (_ step: Int) throws -> Void
        /// Scores the network after `step` updates.
        package let evaluate: (_ step: Int) throws -> Void
        /// Makes sure that all ranks hold the same after `step` updates.
        package let compare: (_ step: Int) throws -> Void

        package init(
            save: @escaping (Int) throws -> Void, evaluate: @escaping (Int) throws -> Void,
            compare: @escaping (Int) throws -> Void
        ) {
            (self.save, self.evaluate, self.compare) = (save, evaluate, compare)
        }
    }

    private let step: TrainStep
    private let intervals: Intervals
    private let actions: Actions
    private let communicator: any Communicator
    private let metrics: MetricsLog?
    private let log: Logger
    private var patience: Patience

    /// - metrics: on rank 0.
    package init(
        _ step: TrainStep, intervals: Intervals, actions: Actions, communicator: any Communicator,
        metrics: MetricsLog?, patience: Patience, log: Logger
    ) {
        self.patience = patience
        self.step = step
        self.intervals = intervals
        self.actions = actions
        self.communicator = communicator
        self.metrics = metrics
        self.log = log
    }

    /// Runs the steps `first ..< last` of a run of `stepCount`.
    /// - microBatchCount: of all ranks together, each step.
    package func run(
        _ loader: Loader<[[Batch]]>, first: Int, last: Int, stepCount: Int, microBatchCount: Int,
        stepsPerEpoch: Int,
        seed: UInt64
    ) throws -> Outcome {
        defer { loader.stop() }
        let progress = ProgressLine(firstStep: first, stepCount: last)
        var pace = Pace()
        communicator.note(step: first + 1, phase: "data")
        while let next = try loader.next() {
            let start = ContinuousClock.now
            let moment = StepMoment(seed: seed, step: next.number, stepCount: stepCount)
            let report = try step.run(
                next.element, microBatchCount: microBatchCount, at: moment,
                stopRequested: StopSignal.isRequested)
            let seconds = (ContinuousClock.now - start) / .seconds(1) + next.waitSeconds
            pace.add(seconds: seconds, dataSeconds: next.waitSeconds)
            patience.add(seconds)
            let done = next.number + 1
            let epoch = next.number / stepsPerEpoch
            record(report, done: done, epoch: epoch, seconds: seconds, dataSeconds: next.waitSeconds)
            if done % intervals.log == 0 || done == last || done == first + 1 {
                let (mean, data) = pace.take()
                log.info(
                    "\(progress.text(report, done: done, epoch: epoch, seconds: mean, dataSeconds: data))")
                try actions.compare(done)
            }
            communicator.defaultDeadlineSeconds = patience.stepLimitSeconds
            let saves = intervals.checkpoint > 0 && done % intervals.checkpoint == 0
            if saves || report.stopRequested || done == last {
                try unevenly("checkpoint", done, actions.save)
            }
            if report.stopRequested, done < last { return .stopped(step: done) }
            let evaluates = intervals.evaluation > 0 && done % intervals.evaluation == 0
            if evaluates || done == last { try unevenly("evaluation", done, actions.evaluate) }
            communicator.note(step: done + 1, phase: "data")
        }
        return .finished
    }

    /// Does what some ranks have more of than others; they may also be late in the step after it.
    private func unevenly(_ phase: String, _ done: Int, _ action: (Int) throws -> Void) throws {
        communicator.note(step: done, phase: phase)
        communicator.defaultDeadlineSeconds = patience.unevenLimitSeconds
        try action(done)
    }

    private func record(
        _ report: StepReport, done: Int, epoch: Int, seconds: Double, dataSeconds: Double
    ) {
        guard let metrics else { return }
        var fields: [(name: String, value: MetricsLog.Value)] = [
            ("step", .integer(done)), ("epoch", .integer(epoch)), ("loss", .number(report.totalLoss)),
        ]
        fields += report.losses.map { ($0.name, .number($0.value)) }
        fields += [
            ("grad_norm", .number(Double(report.gradientNorm))), ("lr", .number(Double(report.rate))),
            ("time", .number(seconds)), ("data_time", .number(dataSeconds)),
        ]
        fields += report.phases.map { ("\($0.name)_ms", .number(($0.seconds * 1e4).rounded() / 10)) }
        let communication = report.communication
        fields += [
            ("comm_exposed_ms", communication.exposedSeconds), ("ranks_apart_ms", communication.apartSeconds),
        ]
        .map { ($0, .number(($1 * 1e5).rounded() / 100)) }
        fields.append(("memory_mb", .integer(ProcessMemory.peakByteCount >> 20)))
        metrics.write(fields)
    }

    /// Means since they were last taken.
    private struct Pace {
        private var seconds = 0.0
        private var dataSeconds = 0.0
        private var count = 0.0

        mutating func add(seconds: Double, dataSeconds: Double) {
            self.seconds += seconds
            self.dataSeconds += dataSeconds
            count += 1
        }

        mutating func take() -> (seconds: Double, dataSeconds: Double) {
            defer { self = Pace() }
            return (seconds / max(1, count), dataSeconds / max(1, count))
        }
    }
}
