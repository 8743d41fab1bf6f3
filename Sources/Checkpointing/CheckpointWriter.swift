/// Writes checkpoints into one folder, each on a thread of its own while training goes on.
///
/// At most one is being written: `write` first waits for the one before. A failure shows at the next `write`
/// or at `finish`, and leaves older checkpoints and the pointer `last_checkpoint` as they were.
package final class CheckpointWriter {
    private let folder: String
    private let keep: Int
    private let level: Int32
    private var inFlight: CheckpointWriteJob?

    /// - Parameters:
    ///   - folder: exists already.
    ///   - keep: how many of the newest `step_N` checkpoints stay, 1 or more; other files are never removed.
    ///   - level: of zstd. Weights get no smaller above 1, only slower: 7.2 % either way at 1 and at 3.
    package init(folder: String, keep: Int, level: Int32 = 1) {
        precondition(keep >= 1, "keeping \(keep) checkpoints")
        self.folder = folder
        self.keep = keep
        self.level = level
    }

    deinit { inFlight?.wait() }

    /// Begins to write `NAME.safetensors.zst`.
    /// - name: a name of the caller's for a checkpoint that must stay; by default `step_N`.
    /// - Throws: the failure of the checkpoint before this one; then nothing is begun.
    package func write(_ snapshot: CheckpointSnapshot, name: String? = nil) throws(CheckpointError) {
        try finish()
        let name = name ?? Checkpoints.stepPrefix + String(snapshot.metadata.step)
        let job = CheckpointWriteJob(snapshot, name: name, folder: folder, keep: keep, level: level)
        job.start()
        inFlight = job
    }

    /// Waits until the checkpoint begun last is on disk.
    package func finish() throws(CheckpointError) {
        guard let job = inFlight else { return }
        inFlight = nil
        job.wait()
        if let error = job.error { throw error }
    }
}
