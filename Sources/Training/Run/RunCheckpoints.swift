internal import Checkpointing
internal import Foundation
internal import Logging

/// The checkpoints of a run, on rank 0: written beside it, and no reason for it to end while it can go on.
final class RunCheckpoints {
    private let writer: CheckpointWriter
    private let state: RunState
    private let stepsPerEpoch: Int
    private let notes: [String: String]
    private let keepBest: Int
    private let log: Logger
    private var cost = CheckpointCost()

    /// - keepBest: how many of the best-scored stay besides the newest.
    init(
        folder: String, keep: Int, keepBest: Int, state: RunState, stepsPerEpoch: Int,
        notes: [String: String],
        log: Logger
    ) {
        writer = CheckpointWriter(folder: folder, keep: keep)
        self.keepBest = keepBest
        self.state = state
        self.stepsPerEpoch = stepsPerEpoch
        self.notes = notes
        self.log = log
    }

    /// Begins to write the state after `step` updates.
    func save(_ step: Int) { write(.step, step) }

    /// Begins to write it under its score, where that is among the best.
    func save(_ step: Int, score: Double) {
        guard keepBest > 0, score.isFinite else { return }
        write(.best(score: score, keep: keepBest), step)
    }

    private func write(_ purpose: CheckpointWriter.Purpose, _ step: Int) {
        let start = ContinuousClock.now
        if let error = writer.waitForLast() { warn(error) }
        if writer.isWorthWriting(purpose) {
            writer.write(state.snapshot(step: step, epoch: step / stepsPerEpoch, notes: notes), purpose)
        }
        cost.add(blockedSeconds: (ContinuousClock.now - start) / .seconds(1))
    }

    /// Says so if the checkpoint under way has failed meanwhile.
    func look() {
        if let error = writer.failureSoFar() { warn(error) }
    }

    private func warn(_ error: CheckpointError) {
        log.warning("no checkpoint was written, the one before it stays: \(error); the run goes on")
    }

    /// Waits for the last one.
    /// - Throws: its failure: a run must not end as if its state were safe.
    func finish() throws {
        let start = ContinuousClock.now
        try writer.finish()
        cost.add(waitedSeconds: (ContinuousClock.now - start) / .seconds(1))
        guard cost.count > 0 else { return }
        log.info("\(cost.text(besideSeconds: writer.processorSeconds))")
        if cost.share(besideSeconds: writer.processorSeconds) > CheckpointCost.budget, cost.runSeconds > 60 {
            log.warning("checkpoints take more than they should: raise run.checkpoint_every")
        }
    }
}
