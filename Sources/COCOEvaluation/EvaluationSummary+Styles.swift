import DetectionData

extension EvaluationSummary {
    /// LVIS's thirteen figures.
    static func lvisMetrics(
        _ curves: EvaluationCurves, _ parameters: EvaluationParameters,
        _ frequencies: [COCOAnnotations.Category.Frequency?]
    ) -> [Metric] {
        let limit = parameters.maxDetections[0]
        let thresholds = span(parameters.iouThresholds)
        // The reference's rows call size bins by their first letter.
        func letter(_ area: Int) -> String {
            area == 0 ? "all" : String(parameters.areaRanges[area].name.prefix(1))
        }
        func precision(
            _ name: String, at threshold: Double? = nil, area: Int = 0,
            of frequency: COCOAnnotations.Category.Frequency? = nil
        ) -> Metric {
            let categories = frequencies.indices.filter { frequency == nil || frequencies[$0] == frequency }
            let value = curves.meanPrecision(
                thresholds: threshold.map { parameters.thresholds(equalTo: $0) }
                    ?? parameters.iouThresholds.indices,
                categories: categories, area: area, limit: 0)
            return Metric(
                name: name, value: value ?? -1,
                row: Row(
                    isPrecision: true, threshold: threshold.map(rounded) ?? thresholds, area: letter(area),
                    limit: limit, categories: frequency?.rawValue ?? "all"))
        }
        func recall(_ name: String, area: Int = 0) -> Metric {
            Metric(
                name: "\(name)@\(limit)", value: curves.meanRecall(area: area, limit: 0) ?? -1,
                row: Row(isPrecision: false, threshold: thresholds, area: letter(area), limit: limit))
        }
        return [
            precision("AP"), precision("AP50", at: 0.5), precision("AP75", at: 0.75),
            precision("APs", area: 1),
            precision("APm", area: 2), precision("APl", area: 3), precision("APr", of: .rare),
            precision("APc", of: .common), precision("APf", of: .frequent), recall("AR"),
            recall("ARs", area: 1),
            recall("ARm", area: 2), recall("ARl", area: 3),
        ]
    }

    /// VOC's AP at overlap 0.5, as its own tables have it, and over ten overlaps.
    static func vocMetrics(_ curves: EvaluationCurves, _ parameters: EvaluationParameters) -> [Metric] {
        func metric(_ name: String, _ thresholds: Range<Int>, _ label: String) -> Metric {
            Metric(
                name: name,
                value: curves.meanAverage(thresholds: thresholds, categories: 0..<curves.sizes.k) ?? -1,
                row: Row(isPrecision: true, threshold: label))
        }
        return [
            metric("AP", parameters.iouThresholds.indices, span(parameters.iouThresholds)),
            metric("AP50", parameters.thresholds(equalTo: 0.5), "0.50"),
            metric("AP75", parameters.thresholds(equalTo: 0.75), "0.75"),
        ]
    }
}
