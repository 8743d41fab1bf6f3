internal import Foundation

/// What checkpoints take from a run: the time training stands still, and processor time beside it.
struct CheckpointCost {
    /// The share of a run that is worth its safety.
    static let budget = 0.035

    private(set) var count = 0
    private(set) var blockedSeconds = 0.0
    private let start = ContinuousClock.now

    mutating func add(blockedSeconds seconds: Double) {
        count += 1
        blockedSeconds += seconds
    }

    mutating func add(waitedSeconds seconds: Double) { blockedSeconds += seconds }

    var runSeconds: Double { (ContinuousClock.now - start) / .seconds(1) }

    /// - besideSeconds: processor time of the writing threads, taken to be missing elsewhere.
    func share(besideSeconds: Double) -> Double { (blockedSeconds + besideSeconds) / max(runSeconds, 1e-9) }

    /// "3 checkpoints took 1.2 % of the run (0.10 s of standing still, 0.24 s of processor time beside it)".
    func text(besideSeconds: Double) -> String {
        String(
            format:
                "%d checkpoint%@ took %.1f %% of the run (%.2f s of standing still, %.2f s of processor time beside it)",
            count, count == 1 ? "" : "s", 100 * share(besideSeconds: besideSeconds), blockedSeconds,
            besideSeconds)
    }
}
