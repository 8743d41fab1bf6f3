/// Writes checkpoints into one folder, each on a thread of its own while training goes on.
///
/// At most one is being written. A failure leaves older checkpoints and the pointer `last_checkpoint` as they were.
package final class CheckpointWriter {
    /// What a checkpoint is for, which says what it is called and what it displaces.
    package enum Purpose: Sendable, Equatable {
        /// To go on from: `step_N`, the newest of them named by `last_checkpoint`.
        case step
        /// For its score: `best_SCORE_step_N`, the `keep` highest of them.
        case best(score: Double, keep: Int)
        /// Under a name of the caller's, which stays; named by `last_checkpoint`, too.
        case named(String)
    }

    private let folder: String
    private let keep: Int
    private let level: Int32
    private let calls: FileCalls
    private var inFlight: CheckpointWriteJob?
    /// Processor time of the writing threads so far.
    package private(set) var processorSeconds = 0.0

    /// - Parameters:
    ///   - folder: exists already.
    ///   - keep: how many of the newest `step_N` checkpoints stay, 1 or more; other files are never removed.
    ///   - level: of zstd. Weights get no smaller above 1, only slower: 7.2 % either way at 1 and at 3.
    package convenience init(folder: String, keep: Int, level: Int32 = 1) {
        self.init(folder: folder, keep: keep, level: level, calls: .system)
    }

    init(folder: String, keep: Int, level: Int32 = 1, calls: FileCalls) {
        precondition(keep >= 1, "keeping \(keep) checkpoints")
        self.folder = folder
        self.keep = keep
        self.level = level
        self.calls = calls
    }

    deinit { inFlight?.wait() }

    /// Begins to write `NAME.safetensors.zst`. The one before must have been waited for.
    package func write(_ snapshot: CheckpointSnapshot, _ purpose: Purpose = .step) {
        precondition(inFlight == nil, "a checkpoint is begun while another is being written")
        let job = CheckpointWriteJob(
            snapshot, purpose, folder: folder, keep: keep, level: level, calls: calls)
        job.start()
        inFlight = job
    }

    /// Whether it would stay: a step always, a score if it is among the best.
    package func isWorthWriting(_ purpose: Purpose) -> Bool {
        guard case .best(let score, let keep) = purpose else { return true }
        let scores = ((try? Checkpoints.files(in: folder)) ?? []).compactMap(\.bestScore).sorted(by: >)
        return scores.count < keep || score > scores[keep - 1]
    }

    /// Waits for the checkpoint begun last.
    /// - Returns: why it is not on disk; told once.
    package func waitForLast() -> CheckpointError? {
        guard let job = inFlight else { return nil }
        inFlight = nil
        job.wait()
        processorSeconds += job.processorSeconds
        return job.error
    }

    /// Why the checkpoint begun last is not on disk, if that is known already; told once.
    package func failureSoFar() -> CheckpointError? { inFlight?.error == nil ? nil : waitForLast() }

    /// Waits until the checkpoint begun last is on disk.
    package func finish() throws(CheckpointError) {
        if let error = waitForLast() { throw error }
    }
}
