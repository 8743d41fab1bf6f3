internal import Foundation

/// Curves of several runs as an SVG picture: losses, learning rate, and scores where there are any.
package struct CurveChart {
    private let runs: [RunCurves]
    private static let colours = ["#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf"]
    private static let panelSize = (width: 460.0, height: 280.0)
    private static let margin = (left: 58.0, right: 14.0, top: 34.0, bottom: 34.0)

    package init(_ runs: [RunCurves]) { self.runs = runs }

    package var svg: String {
        let panels = [("loss", "loss (smoothed)"), ("grad_norm", "gradient norm (smoothed)"), ("lr", "learning rate"),
            ("AP", "AP"), ("AP50", "AP50"), ("AP75", "AP75")]
            .filter { key, _ in runs.contains { !$0.points(key).isEmpty } }
        let columns = min(3, max(1, panels.count))
        let rows = (panels.count + columns - 1) / max(1, columns)
        let (w, h) = Self.panelSize
        let legendHeight = 24.0 * Double(runs.count) + 12
        var body = ""
        for (i, panel) in panels.enumerated() {
            body += "<g transform=\"translate(\(Double(i % columns) * w),\(Double(i / columns) * h))\">"
            body += chart(panel.0, title: panel.1) + "</g>\n"
        }
        for (i, run) in runs.enumerated() {
            let y = Double(rows) * h + 24 * Double(i) + 16
            body += "<line x1=\"20\" x2=\"50\" y1=\"\(y)\" y2=\"\(y)\" stroke=\"\(Self.colour(i))\" stroke-width=\"3\"/>"
            body += "<text x=\"58\" y=\"\(y + 4)\">\(Self.escaped(run.name))</text>\n"
        }
        let size = "width=\"\(Double(columns) * w)\" height=\"\(Double(rows) * h + legendHeight)\""
        return "<svg xmlns=\"http://www.w3.org/2000/svg\" \(size) font-family=\"sans-serif\" font-size=\"12\">\n"
            + "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\(body)</svg>\n"
    }

    private static func colour(_ i: Int) -> String { colours[i % colours.count] }

    private static func escaped(_ text: String) -> String {
        text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
    }

    private func chart(_ key: String, title: String) -> String {
        let isScore = key.hasPrefix("AP")
        let isNoisy = key == "loss" || key == "grad_norm"
        let lines = runs.map { run in isNoisy ? Self.smoothed(run.points(key)) : run.points(key) }
        let all = lines.flatMap { $0 }
        guard let last = all.map(\.step).max(), let low = all.map(\.value).min(), let high = all.map(\.value).max()
        else { return "" }
        let (bottom, top) = isScore ? (0, max(high, 0.01)) : (low, high > low ? high : low + 1)
        let (m, size) = (Self.margin, Self.panelSize)
        let (width, height) = (size.width - m.left - m.right, size.height - m.top - m.bottom)
        func x(_ step: Double) -> Double { m.left + width * step / max(1, last) }
        func y(_ value: Double) -> Double { m.top + height * (1 - (value - bottom) / (top - bottom)) }
        var out = "<text x=\"\(m.left)\" y=\"20\" font-weight=\"bold\">\(title)</text>"
        for i in 0...4 {
            let value = bottom + (top - bottom) * Double(i) / 4
            out += "<line x1=\"\(m.left)\" x2=\"\(m.left + width)\" y1=\"\(y(value))\" y2=\"\(y(value))\" stroke=\"#ddd\"/>"
            out += "<text x=\"\(m.left - 6)\" y=\"\(y(value) + 4)\" text-anchor=\"end\">\(String(format: "%.3g", value))</text>"
            let step = (last * Double(i) / 4).rounded()
            out += "<text x=\"\(x(step))\" y=\"\(m.top + height + 18)\" text-anchor=\"middle\">\(Int(step))</text>"
        }
        for (i, line) in lines.enumerated() where !line.isEmpty {
            let points = line.map { String(format: "%.1f,%.1f", x($0.step), y($0.value)) }.joined(separator: " ")
            out += "<polyline points=\"\(points)\" fill=\"none\" stroke=\"\(Self.colour(i))\" stroke-width=\"1.6\"/>"
            for point in isScore ? line : [] {
                out += "<circle cx=\"\(x(point.step))\" cy=\"\(y(point.value))\" r=\"3\" fill=\"\(Self.colour(i))\"/>"
            }
        }
        return out
    }

    /// Means over windows of 20 steps, slid.
    private static func smoothed(_ points: [RunCurves.Point]) -> [RunCurves.Point] {
        points.indices.map { i in
            let window = points[max(0, i - 19)...i]
            return RunCurves.Point(
                step: points[i].step, value: window.reduce(0) { $0 + $1.value } / Double(window.count))
        }
    }
}
