/// What one step did, equal on all ranks but for the times.
package struct StepReport: Sendable {
    /// Weighted losses, the mean over the global batch's micro-batches.
    package var losses: [(name: String, value: Double)] = []
    package var gradientNorm: Float = 0
    package var rate: Float = 0
    /// Whether any rank was asked to stop.
    package var stopRequested = false
    /// Of the gradients' sums, on this rank.
    package var communication = CommunicationTimes()
    /// Seconds of each phase on this rank.
    package var phases: [(name: String, seconds: Double)] = []

    package var totalLoss: Double { losses.reduce(0) { $0 + $1.value } }
}

/// Times the phases of a step.
final class PhaseClock {
    private(set) var phases: [(name: String, seconds: Double)] = []
    private var last = ContinuousClock.now

    func lap(_ name: String) {
        let now = ContinuousClock.now
        let seconds = (now - last) / .seconds(1)
        last = now
        if let i = phases.firstIndex(where: { $0.name == name }) {
            phases[i].seconds += seconds
        } else {
            phases.append((name, seconds))
        }
    }
}
