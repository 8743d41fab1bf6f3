/// Turns the records of one category into precision and recall; holds the scratch space of it.
///
/// T thresholds, R recall points, A size bins, M limits of detections.
struct Accumulation {
    /// A detection of the category, in some image.
    private struct Detection {
        let score: Double
        /// Position in the order of images, then of scores.
        let order: Int32
        /// Position among those of its image.
        let rank: Int32
    }

    private let parameters: EvaluationParameters
    private let epsilon: Double
    private var detections: [Detection] = []
    private var matched: [UInt16] = []
    private var ignored: [UInt16] = []
    private var bits: [(matched: UInt16, ignored: UInt16)] = []
    private var scores: [Double] = []
    /// Of the true positives of one curve: precision, then the highest precision from there on; and score.
    private var precisions: [Double] = []
    private var truePositiveScores: [Double] = []

    init(_ parameters: EvaluationParameters) {
        self.parameters = parameters
        epsilon = parameters.style.isVOC ? 0 : ReferenceQuirks.precisionEpsilon
    }

    /// Fills the curves of category `k`; they stay -1 in size bins without objects to find.
    mutating func accumulate(_ merged: MergedRecords, category k: Int, into curves: inout CategoryCurves) {
        let references = merged.references[merged.starts[k]..<merged.starts[k + 1]]
        collect(references, merged.parts)
        for a in parameters.areaRanges.indices {
            var positives = 0
            for reference in references {
                let part = merged.parts[Int(reference.part)]
                positives += Int(part.positives[Int(reference.pair) * part.areaCount + a])
            }
            if positives == 0 { continue }
            gather(references, merged.parts, area: a)
            for (m, limit) in parameters.maxDetections.enumerated() {
                select(limit)
                for t in parameters.iouThresholds.indices { trace(t, a, m, positives: positives, &curves) }
            }
        }
    }

    /// Fills `detections`, best score first; equal scores in the order of images, then of their own image.
    private mutating func collect(
        _ references: ArraySlice<MergedRecords.Reference>, _ parts: [EvaluationRecords]
    ) {
        detections.removeAll(keepingCapacity: true)
        for reference in references {
            let pair = parts[Int(reference.part)].pairs[Int(reference.pair)]
            for rank in 0..<Int(pair.detectionCount) {
                detections.append(
                    Detection(
                        score: parts[Int(reference.part)].scores[pair.start + rank],
                        order: Int32(detections.count),
                        rank: Int32(rank)))
            }
        }
        detections.sort { $0.score != $1.score ? $0.score > $1.score : $0.order < $1.order }
    }

    /// Fills `matched` and `ignored` for one size bin, in the order of images.
    private mutating func gather(
        _ references: ArraySlice<MergedRecords.Reference>, _ parts: [EvaluationRecords], area a: Int
    ) {
        matched.removeAll(keepingCapacity: true)
        ignored.removeAll(keepingCapacity: true)
        for reference in references {
            let part = parts[Int(reference.part)]
            let pair = part.pairs[Int(reference.pair)]
            let start = part.areaCount * pair.start + a * Int(pair.detectionCount)
            matched += part.matched[start..<start + Int(pair.detectionCount)]
            ignored += part.ignored[start..<start + Int(pair.detectionCount)]
        }
    }

    /// Fills `bits` and `scores` with the detections that are among the first `limit` of their image.
    private mutating func select(_ limit: Int) {
        bits.removeAll(keepingCapacity: true)
        scores.removeAll(keepingCapacity: true)
        for detection in detections where Int(detection.rank) < limit {
            bits.append((matched[Int(detection.order)], ignored[Int(detection.order)]))
            scores.append(detection.score)
        }
    }

    /// One curve: walks the detections at threshold `t` and reads precision at the recall points.
    private mutating func trace(_ t: Int, _ a: Int, _ m: Int, positives: Int, _ curves: inout CategoryCurves)
    {
        let bit = UInt16(1) << UInt16(t)
        precisions.removeAll(keepingCapacity: true)
        truePositiveScores.removeAll(keepingCapacity: true)
        var (right, wrong) = (0, 0)
        for i in bits.indices where bits[i].ignored & bit == 0 {
            if bits[i].matched & bit == 0 {
                wrong += 1
                continue
            }
            right += 1
            precisions.append(Double(right) / (Double(right + wrong) + epsilon))
            truePositiveScores.append(scores[i])
        }
        curves.setRecall(Double(right) / Double(positives), t, a, m)

        // Precision falls between true positives, so the highest from a point on stands at one of them.
        for i in precisions.indices.dropFirst().reversed() where precisions[i] > precisions[i - 1] {
            precisions[i - 1] = precisions[i]
        }
        if parameters.style.isVOC { curves.setAverage(average(positives: positives), t) }
        var found = 0
        for (r, point) in parameters.recallPoints.enumerated() {
            while found < right, Double(found + 1) / Double(positives) < point { found += 1 }
            // Recall 0 is reached by the very first detection, right or wrong.
            let score = point == 0 ? scores.first : found < right ? truePositiveScores[found] : nil
            curves.setPoint(
                precision: found < right ? precisions[found] : 0, score: score ?? 0, t, r, a, m)
        }
    }

    /// VOC's average precision of `precisions`, which descend from true positive to true positive.
    private func average(positives: Int) -> Double {
        func recall(_ found: Int) -> Double { Double(found) / Double(positives) }
        if parameters.style == .voc12 {
            let areas = precisions.enumerated().map { (recall($0 + 1) - recall($0)) * $1 }
            // The reference's curve ends at recall 1 and precision 0.
            return ReferenceQuirks.sum(areas + [0])
        }
        var found = 0
        return (0...10).reduce(0.0) { sum, tenth in
            while found < precisions.count, recall(found + 1) < Double(tenth) * 0.1 { found += 1 }
            return sum + (found < precisions.count ? precisions[found] : 0) / 11
        }
    }
}
