internal import Foundation

/// The line a person watches: where the run is, what it loses, how fast it goes, when it ends.
struct ProgressLine {
    private let stepCount: Int
    private let firstStep: Int
    private let start = ContinuousClock.now

    init(firstStep: Int, stepCount: Int) {
        self.firstStep = firstStep
        self.stepCount = stepCount
    }

    /// - done: updates done; seconds: of one step of late; dataSeconds: of those, spent waiting for data.
    func text(_ report: StepReport, done: Int, epoch: Int, seconds: Double, dataSeconds: Double) -> String {
        let losses = report.losses.map {
            "\($0.name.replacingOccurrences(of: "loss_", with: "")) \(Self.number($0.value))"
        }
        let remaining =
            Double(stepCount - done) * ((ContinuousClock.now - start) / .seconds(1))
            / Double(max(1, done - firstStep))
        return "step \(done)/\(stepCount)  epoch \(epoch)  lr \(Self.short(Double(report.rate)))  "
            + "loss \(Self.number(report.totalLoss)) (\(losses.joined(separator: ", ")))  "
            + "grad \(Self.short(Double(report.gradientNorm)))  "
            + String(format: "%.2f s/step (data %.2f)  ", seconds, dataSeconds)
            + String(
                format: "comm %.1f ms not hidden, ranks apart %.1f ms  ",
                1e3 * report.communication.exposedSeconds,
                1e3 * report.communication.apartSeconds)
            + "mem \(ProcessMemory.peakByteCount >> 20) MB  ETA \(Self.duration(remaining))"
    }

    private static func number(_ value: Double) -> String { String(format: "%.4f", value) }
    private static func short(_ value: Double) -> String { String(format: "%.3g", value) }

    /// "1:02:03" or "2:03".
    static func duration(_ seconds: Double) -> String {
        let s = Int(max(0, seconds).rounded())
        return s >= 3600
            ? String(format: "%d:%02d:%02d", s / 3600, s / 60 % 60, s % 60)
            : String(format: "%d:%02d", s / 60, s % 60)
    }
}
