internal import Foundation

/// The scores of several runs at the steps where they were taken, and the first run's lead over each of the others.
package struct ScoreTable {
    private static let metrics = ["AP", "AP50", "AP75"]
    private let runs: [RunCurves]

    package init(_ runs: [RunCurves]) { self.runs = runs }

    package var text: String {
        let steps = Set(runs.flatMap { $0.points("AP").map(\.step) }).sorted()
        guard !steps.isEmpty else { return "no scores yet" }
        let width = max(24, (runs.map(\.name.count).max() ?? 0) + 8)
        var lines = [Self.row("run", ["steps"] + Self.metrics, width)]
        for step in steps {
            for run in runs { lines.append(Self.row(run.name, [count(step)] + Self.scores(run, step), width)) }
            for other in runs.dropFirst() {
                let lead = Self.metrics.map { metric -> String in
                    guard let a = Self.score(runs[0], metric, step), let b = Self.score(other, metric, step) else {
                        return "-"
                    }
                    return String(format: "%+.3f", a - b)
                }
                let name = runs.count == 2 ? "difference" : "lead over \(other.name)"
                lines.append(Self.row(name, [count(step)] + lead, width))
            }
        }
        return lines.joined(separator: "\n")
    }

    private func count(_ step: Double) -> String { "\(Int(step))" }

    private static func score(_ run: RunCurves, _ metric: String, _ step: Double) -> Double? {
        run.points(metric).first { $0.step == step }?.value
    }

    private static func scores(_ run: RunCurves, _ step: Double) -> [String] {
        metrics.map { score(run, $0, step).map { String(format: "%.3f", $0) } ?? "-" }
    }

    private static func row(_ name: String, _ cells: [String], _ width: Int) -> String {
        name.padding(toLength: width, withPad: " ", startingAt: 0)
            + cells.map { String(repeating: " ", count: max(1, 8 - $0.count)) + $0 }.joined()
    }
}
