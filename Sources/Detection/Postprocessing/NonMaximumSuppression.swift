internal import CKernels
package import DetectionData

/// Greedy suppression of boxes that overlap a better one of the same group.
package enum NonMaximumSuppression {
    /// - scores, groups: one per box. Boxes of different groups, such as classes, do not see each other.
    /// - threshold: a box goes where its intersection over union with a better one that stayed is above it.
    /// - Returns: positions of at most `limit` survivors, best first; equal scores keep their order.
    /// - Source: decisions bit for bit those of torchvision's `nms` on each group.
    package static func survivors(
        _ boxes: [Box], scores: [Float], groups: [Int32], threshold: Double, limit: Int
    ) -> [Int] {
        precondition(boxes.count == scores.count && boxes.count == groups.count, "\(boxes.count) boxes")
        guard !boxes.isEmpty, limit > 0 else { return [] }
        let order = TopScores.descending(scores)
        let names = Array(Set(groups)).sorted()
        let number = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        let place = groups.map { number[$0] ?? 0 }
        var starts = [Int64](repeating: 0, count: names.count + 1)
        for group in place { starts[group + 1] += 1 }
        for group in names.indices { starts[group + 1] += starts[group] }
        var next = starts
        // Ranks in the order of scores, group after group.
        var sorted = [Int](repeating: 0, count: boxes.count)
        for (rank, i) in order.enumerated() {
            sorted[Int(next[place[i]])] = rank
            next[place[i]] += 1
        }
        let corners = sorted.flatMap { rank in
            let box = boxes[order[rank]]
            return [box.x1, box.y1, box.x2, box.y2]
        }
        var kept = [Int32](repeating: 0, count: boxes.count)
        var counts = [Int64](repeating: 0, count: names.count)
        ck_suppress(Int64(names.count), starts, corners, threshold, Int64(limit), &kept, &counts)
        let ranks = names.indices.flatMap { group in
            kept[Int(starts[group])..<Int(starts[group] + counts[group])].map { sorted[Int($0)] }
        }
        return ranks.sorted().prefix(limit).map { order[$0] }
    }

    /// - candidates: in any order; those of one label form a group.
    /// - Returns: at most `limit` survivors, best first; equal scores keep their order.
    package static func apply(_ candidates: [DetectedObject], threshold: Float, limit: Int) -> [DetectedObject] {
        survivors(
            candidates.map(\.box), scores: candidates.map(\.score), groups: candidates.map(\.label),
            threshold: Double(threshold), limit: limit
        ).map { candidates[$0] }
    }
}
