/// The figures of an evaluation.
package struct EvaluationSummary: Sendable {
    /// One of the figures.
    package struct Metric: Sendable {
        /// COCO's: AP, AP50, AP75, APs, APm, APl, then AR@limit three times, ARs, ARm, ARl.
        package let name: String
        /// 0...1, or -1 where there is nothing to find.
        package let value: Double
        let row: Row
    }

    /// What a row of the table says besides its value.
    struct Row: Sendable {
        let isPrecision: Bool
        /// "0.50:0.95" or "0.50"
        let threshold: String
        var area = "all"
        var limit = 0
        /// LVIS's letter for the categories' frequency.
        var categories = "all"
    }

    /// Average precision of one category over all sizes; nil where it has nothing to find.
    package struct CategoryScore: Sendable {
        package let id: Int
        package let name: String
        package let ap: Double?
        package let ap50: Double?
        package let ap75: Double?
    }

    package struct Counts: Sendable, Equatable {
        package var images = 0
        /// Of the evaluated images and categories, crowds included.
        package var annotations = 0
        /// Of the evaluated images and categories, before the limits.
        package var detections = 0
        package var droppedAnnotations = 0
        package var droppedUnknownImage = 0
        package var droppedUnknownCategory = 0
        /// Not finite, or of negative size.
        package var droppedMalformed = 0
    }

    /// The figures in the reference's order: twelve of COCO, thirteen of LVIS, three of VOC.
    package let metrics: [Metric]
    /// In ascending order of category ids; empty where categories are pooled.
    package let perCategory: [CategoryScore]
    package let counts: Counts
    package let parameters: EvaluationParameters
    package let curves: EvaluationCurves

    /// The figure called `name`, as "AP50".
    package subscript(name: String) -> Double? { metrics.first { $0.name == name }?.value }

    init(
        _ curves: EvaluationCurves, _ parameters: EvaluationParameters, _ truth: GroundTruthTable,
        _ counts: Counts
    ) {
        self.curves = curves
        self.parameters = parameters
        self.counts = counts
        switch parameters.style {
        case .coco: metrics = Self.metrics(curves, parameters)
        case .lvis: metrics = Self.lvisMetrics(curves, parameters, truth.frequencies)
        case .voc07, .voc12: metrics = Self.vocMetrics(curves, parameters)
        }
        guard parameters.usesCategories else {
            perCategory = []
            return
        }
        let last = parameters.maxDetections.count - 1
        perCategory = truth.categories.ids.indices.map { k in
            func score(_ thresholds: Range<Int>) -> Double? {
                parameters.style.isVOC
                    ? curves.meanAverage(thresholds: thresholds, categories: k..<k + 1)
                    : curves.meanPrecision(
                        thresholds: thresholds, categories: k..<k + 1, area: 0, limit: last)
            }
            return CategoryScore(
                id: truth.categories.ids[k], name: truth.categoryNames[k],
                ap: score(parameters.iouThresholds.indices), ap50: score(parameters.thresholds(equalTo: 0.5)),
                ap75: score(parameters.thresholds(equalTo: 0.75)))
        }
    }

    private static func metrics(_ curves: EvaluationCurves, _ parameters: EvaluationParameters) -> [Metric] {
        let limits = parameters.maxDetections
        let all = parameters.iouThresholds.indices
        func precision(_ name: String, at threshold: Double? = nil, area: Int = 0, limit: Int) -> Metric {
            let thresholds = threshold.map { parameters.thresholds(equalTo: $0) } ?? all
            let value = limits.firstIndex(of: limit).flatMap {
                curves.meanPrecision(
                    thresholds: thresholds, categories: 0..<curves.sizes.k, area: area, limit: $0)
            }
            let range = threshold.map(rounded) ?? span(parameters.iouThresholds)
            return Metric(
                name: name, value: value ?? -1,
                row: Row(
                    isPrecision: true, threshold: range, area: parameters.areaRanges[area].name, limit: limit)
            )
        }
        func recall(_ name: String, area: Int = 0, limit: Int) -> Metric {
            Metric(
                name: name, value: curves.meanRecall(area: area, limit: limit) ?? -1,
                row: Row(
                    isPrecision: false, threshold: span(parameters.iouThresholds),
                    area: parameters.areaRanges[area].name, limit: limits[limit]))
        }
        return [
            // The reference asks for 100 here whatever the limits are.
            precision("AP", limit: 100), precision("AP50", at: 0.5, limit: limits[2]),
            precision("AP75", at: 0.75, limit: limits[2]), precision("APs", area: 1, limit: limits[2]),
            precision("APm", area: 2, limit: limits[2]), precision("APl", area: 3, limit: limits[2]),
            recall("AR@\(limits[0])", limit: 0), recall("AR@\(limits[1])", limit: 1),
            recall("AR@\(limits[2])", limit: 2), recall("ARs", area: 1, limit: 2),
            recall("ARm", area: 2, limit: 2), recall("ARl", area: 3, limit: 2),
        ]
    }
}

extension EvaluationParameters {
    /// The threshold that is exactly `value`; empty where none is.
    func thresholds(equalTo value: Double) -> Range<Int> {
        iouThresholds.firstIndex(of: value).map { $0..<$0 + 1 } ?? 0..<0
    }
}
