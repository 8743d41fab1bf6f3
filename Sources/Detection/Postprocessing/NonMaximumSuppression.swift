internal import DetectionData

/// Greedy suppression of boxes that overlap a better one of the same class.
package enum NonMaximumSuppression {
    /// - candidates: in any order. A box goes where its IoU with a kept one of its class is above `threshold`.
    /// - Returns: at most `limit` survivors, best first; equal scores keep their order.
    package static func apply(_ candidates: [DetectedObject], threshold: Float, limit: Int) -> [DetectedObject] {
        let order = candidates.indices.sorted {
            candidates[$0].score != candidates[$1].score ? candidates[$0].score > candidates[$1].score : $0 < $1
        }
        var kept: [DetectedObject] = []
        var keptByClass: [Int32: [Int]] = [:]
        for i in order {
            let candidate = candidates[i]
            let rivals = keptByClass[candidate.label] ?? []
            if rivals.contains(where: { kept[$0].box.intersectionOverUnion(candidate.box) > threshold }) { continue }
            keptByClass[candidate.label, default: []].append(kept.count)
            kept.append(candidate)
            if kept.count == limit { break }
        }
        return kept
    }
}
