import Foundation

extension EvaluationSummary {
    /// The figures without a last line break; COCO's and LVIS's rows are the same bytes as the reference prints.
    package var text: String {
        metrics.map { metric in
            let row = metric.row
            let (name, short) = row.isPrecision ? ("Average Precision", "(AP)") : ("Average Recall", "(AR)")
            let title = name.padding(toLength: 18, withPad: " ", startingAt: 0)
            let threshold = row.threshold.padding(toLength: 9, withPad: " ", startingAt: 0)
            let value = Self.rounded(metric.value, digits: 3)
            if parameters.style.isVOC { return " \(title) \(short) @[ IoU=\(threshold) ] = \(value)" }
            let bins = "area=\(Self.right(row.area, 6)) | maxDets=\(Self.right(String(row.limit), 3))"
            let end = parameters.style == .lvis ? " catIds=\(Self.right(row.categories, 3))] = " : " ] = "
            return " \(title) \(short) @[ IoU=\(threshold) | \(bins)\(end)\(value)"
        }.joined(separator: "\n")
    }

    /// A row for each category: id, name, AP, AP50 and AP75, "-" where it has nothing to find.
    package var categoryText: String {
        let width = max(8, perCategory.map(\.name.count).max() ?? 0)
        func row(_ id: String, _ name: String, _ scores: [String]) -> String {
            let cells = scores.map { Self.right($0, 6) }.joined(separator: "  ")
            return
                "\(Self.right(id, 6))  \(name)\(String(repeating: " ", count: width - name.count))  \(cells)"
        }
        let head = row("id", "category", ["AP", "AP50", "AP75"])
        let rows = perCategory.map { category in
            row(
                String(category.id), category.name,
                [category.ap, category.ap50, category.ap75].map {
                    $0.map { Self.rounded($0, digits: 3) } ?? "-"
                })
        }
        return ([head] + rows).joined(separator: "\n")
    }

    static func rounded(_ value: Double) -> String { rounded(value, digits: 2) }

    /// Thresholds as "0.50:0.95".
    static func span(_ thresholds: [Double]) -> String {
        "\(rounded(thresholds.first ?? 0)):\(rounded(thresholds.last ?? 0))"
    }

    private static func rounded(_ value: Double, digits: Int) -> String {
        String(format: "%.\(digits)f", value)
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
