import DetectionData
import Foundation

/// Precision against recall, the mean over categories, one line for each threshold of overlap.
package struct PrecisionRecallChart {
    private let summary: EvaluationSummary
    private static let size = (width: 420.0, height: 320.0)
    private static let margin = (left: 52.0, right: 150.0, top: 34.0, bottom: 44.0)

    package init(_ summary: EvaluationSummary) { self.summary = summary }

    /// An SVG picture; lines from strict overlaps in red to lax ones in blue, with each one's mean in the legend.
    package var svg: String {
        let (m, size) = (Self.margin, Self.size)
        func x(_ recall: Double) -> Double { m.left + size.width * recall }
        func y(_ precision: Double) -> Double { m.top + size.height * (1 - precision) }
        let title =
            "\(summary.parameters.style.rawValue) \(summary.parameters.kind.rawValue): mean over categories"
        var body = "<text x=\"\(m.left)\" y=\"20\" font-weight=\"bold\">\(title)</text>\n"
        for tick in 0...5 {
            let value = Double(tick) / 5
            body += Self.line(x(0), y(value), x(1), y(value)) + Self.line(x(value), y(0), x(value), y(1))
            body += Self.text(m.left - 6, y(value) + 4, "end", String(value))
            body += Self.text(x(value), y(0) + 18, "middle", String(value)) + "\n"
        }
        body +=
            Self.text(x(0.5), y(0) + 36, "middle", "recall") + Self.text(x(0), m.top - 4, "end", "precision")
        let thresholds = summary.parameters.iouThresholds
        for (t, threshold) in thresholds.enumerated() {
            let share = thresholds.count > 1 ? Double(t) / Double(thresholds.count - 1) : 0
            let colour = "hsl(\(Int(220 * (1 - share))),75%,45%)"
            let row = m.top + 10 + 20 * Double(t)
            var label = String(format: "IoU %.2f  undefined", threshold)
            if let line = summary.curves.line(threshold: t) {
                let points = zip(summary.parameters.recallPoints, line)
                    .map { String(format: "%.1f,%.1f", x($0), y($1)) }.joined(separator: " ")
                body +=
                    "<polyline points=\"\(points)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"1.6\"/>"
                label = String(format: "IoU %.2f  %.3f", threshold, line.reduce(0, +) / Double(line.count))
            }
            body += Self.line(x(1) + 12, row - 4, x(1) + 30, row - 4, colour)
            body += Self.text(x(1) + 36, row, "start", label) + "\n"
        }
        let whole = "width=\"\(size.width + m.left + m.right)\" height=\"\(size.height + m.top + m.bottom)\""
        return
            "<svg xmlns=\"http://www.w3.org/2000/svg\" \(whole) font-family=\"sans-serif\" font-size=\"12\">\n"
            + "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\(body)</svg>\n"
    }

    private static func line(
        _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ colour: String = "#ddd"
    ) -> String {
        String(format: "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"", x1, y1, x2, y2)
            + "\(colour)\"/>"
    }

    private static func text(_ x: Double, _ y: Double, _ anchor: String, _ text: String) -> String {
        String(format: "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"", x, y) + "\(anchor)\">\(text)</text>"
    }
}

extension EvaluationSummary {
    /// The curves behind the figures as a JSON object at full precision: points of recall, thresholds, and for the mean
    /// and each category a list of precisions per threshold, null where nothing is to be found.
    package func curvesJSON() -> [UInt8] {
        var writer = JSONWriter(reservingByteCount: 16 * curves.precision.count / max(1, curves.sizes.a))
        func write(_ category: Int?) {
            writer.key("precision")
            writer.beginArray()
            for t in parameters.iouThresholds.indices {
                if let line = curves.line(threshold: t, category: category) {
                    writer.values(line)
                } else {
                    writer.null()
                }
            }
            writer.endArray()
        }
        writer.beginObject()
        writer.key("recall")
        writer.values(parameters.recallPoints)
        writer.key("iou_thresholds")
        writer.values(parameters.iouThresholds)
        write(nil)
        writer.key("categories")
        writer.beginArray()
        for (k, category) in perCategory.enumerated() {
            writer.beginObject()
            writer.key("id")
            writer.value(category.id)
            writer.key("name")
            writer.value(category.name)
            write(k)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return writer.bytes
    }
}
