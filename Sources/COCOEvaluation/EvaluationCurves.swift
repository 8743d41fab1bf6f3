import Dispatch
import Synchronization

/// The curves of one category; -1 where there is nothing to find.
struct CategoryCurves: Sendable {
    private let sizes: (points: Int, areas: Int, limits: Int)
    /// [T, R, A, M]
    private(set) var precision: [Double]
    /// [T, R, A, M]: the score at which the point of recall is reached.
    private(set) var scores: [Double]
    /// [T, A, M]
    private(set) var recall: [Double]
    /// [T]: by VOC's rule.
    private(set) var average: [Double]

    init(_ parameters: EvaluationParameters) {
        sizes = (parameters.recallPoints.count, parameters.areaRanges.count, parameters.maxDetections.count)
        let curveCount = parameters.iouThresholds.count * sizes.areas * sizes.limits
        precision = [Double](repeating: -1, count: curveCount * sizes.points)
        scores = precision
        recall = [Double](repeating: -1, count: curveCount)
        average = [Double](repeating: -1, count: parameters.iouThresholds.count)
    }

    mutating func setAverage(_ value: Double, _ t: Int) { average[t] = value }

    mutating func setRecall(_ value: Double, _ t: Int, _ a: Int, _ m: Int) {
        recall[(t * sizes.areas + a) * sizes.limits + m] = value
    }

    mutating func setPoint(precision value: Double, score: Double, _ t: Int, _ r: Int, _ a: Int, _ m: Int) {
        let place = ((t * sizes.points + r) * sizes.areas + a) * sizes.limits + m
        precision[place] = value
        scores[place] = score
    }
}

/// Precision, recall and scores over all categories, in the reference's layout; -1 where there is nothing to
/// find.
///
/// T thresholds, R recall points, K categories, A size bins, M limits of detections.
package struct EvaluationCurves: Sendable {
    package let sizes: (t: Int, r: Int, k: Int, a: Int, m: Int)
    /// [T, R, K, A, M]: the highest precision at this recall or beyond.
    package let precision: [Double]
    /// [T, R, K, A, M]: the score at which the recall is reached, 0 where it is not.
    package let scores: [Double]
    /// [T, K, A, M]: the recall of all detections.
    package let recall: [Double]
    /// [T, K]: average precision by VOC's rule; -1 throughout for the others.
    package let average: [Double]

    init(_ merged: MergedRecords, _ parameters: EvaluationParameters, categoryCount: Int, threadCount: Int) {
        let sizes = (
            t: parameters.iouThresholds.count, r: parameters.recallPoints.count, k: categoryCount,
            a: parameters.areaRanges.count, m: parameters.maxDetections.count
        )
        let pointCount = sizes.t * sizes.r * sizes.k * sizes.a * sizes.m
        let arrays = Mutex(
            (
                precision: [Double](repeating: -1, count: pointCount),
                scores: [Double](repeating: -1, count: pointCount),
                recall: [Double](repeating: -1, count: pointCount / sizes.r),
                average: [Double](repeating: -1, count: sizes.t * sizes.k)
            ))
        let next = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: min(threadCount, max(categoryCount, 1))) { _ in
            var accumulation = Accumulation(parameters)
            while true {
                let k = next.add(1, ordering: .relaxed).oldValue
                if k >= categoryCount { return }
                var curves = CategoryCurves(parameters)
                accumulation.accumulate(merged, category: k, into: &curves)
                arrays.withLock {
                    Self.place(curves.precision, at: k, of: sizes.k, inner: sizes.a * sizes.m, &$0.precision)
                    Self.place(curves.scores, at: k, of: sizes.k, inner: sizes.a * sizes.m, &$0.scores)
                    Self.place(curves.recall, at: k, of: sizes.k, inner: sizes.a * sizes.m, &$0.recall)
                    Self.place(curves.average, at: k, of: sizes.k, inner: 1, &$0.average)
                }
            }
        }
        self.sizes = sizes
        (precision, scores, recall, average) = arrays.withLock {
            ($0.precision, $0.scores, $0.recall, $0.average)
        }
    }

    /// Writes one category's values between those of the others, `inner` at a time.
    private static func place(_ values: [Double], at k: Int, of count: Int, inner: Int, _ all: inout [Double])
    {
        all.withUnsafeMutableBufferPointer { all in
            for outer in 0..<values.count / inner {
                for i in 0..<inner { all[(outer * count + k) * inner + i] = values[outer * inner + i] }
            }
        }
    }

    /// Mean precision over the thresholds and categories given, and all recall points; nil where nothing is
    /// defined.
    func meanPrecision(thresholds: Range<Int>, categories: some Collection<Int>, area: Int, limit: Int)
        -> Double?
    {
        var values: [Double] = []
        values.reserveCapacity(thresholds.count * sizes.r * categories.count)
        for t in thresholds {
            for r in 0..<sizes.r {
                for k in categories {
                    let value = precision[
                        (((t * sizes.r + r) * sizes.k + k) * sizes.a + area) * sizes.m + limit]
                    if value > -1 { values.append(value) }
                }
            }
        }
        return ReferenceQuirks.mean(values)
    }

    /// Mean over the thresholds given of the mean over categories of VOC's average precision.
    func meanAverage(thresholds: Range<Int>, categories: Range<Int>) -> Double? {
        ReferenceQuirks.mean(
            thresholds.compactMap { t in
                ReferenceQuirks.mean(categories.map { average[t * sizes.k + $0] }.filter { $0 > -1 })
            })
    }

    /// Precision of one category, or its mean over all of them, at threshold `t` and each point of recall, objects of
    /// all sizes and the highest limit; nil where nothing is to be found.
    package func line(threshold t: Int, category: Int? = nil) -> [Double]? {
        let categories = category.map { $0..<$0 + 1 } ?? 0..<sizes.k
        let line = (0..<sizes.r).compactMap { r -> Double? in
            let values = categories.map {
                precision[(((t * sizes.r + r) * sizes.k + $0) * sizes.a) * sizes.m + sizes.m - 1]
            }
            return ReferenceQuirks.mean(values.filter { $0 > -1 })
        }
        return line.count == sizes.r ? line : nil
    }

    /// Mean recall over all thresholds and categories; nil where nothing is defined.
    func meanRecall(area: Int, limit: Int) -> Double? {
        var values: [Double] = []
        for t in 0..<sizes.t {
            for k in 0..<sizes.k {
                let value = recall[((t * sizes.k + k) * sizes.a + area) * sizes.m + limit]
                if value > -1 { values.append(value) }
            }
        }
        return ReferenceQuirks.mean(values)
    }
}
