internal import CKernels
package import DetectionData
package import Tensors

/// Gives each anchor a box, the background, or neither, by their overlap.
package struct MaxIoUMatcher: Sendable {
    /// How boxes that no anchor overlaps enough get anchors all the same.
    package enum LowQuality: Sendable {
        case none
        /// The anchors tied for a box's best overlap go to *that* box; later boxes overwrite (mmdetection).
        case claimingBox
        /// Only the first of them goes to that box (mmdetection without `gt_max_assign_all`).
        case claimingBoxOnce
        /// The same anchors keep the box they overlap most (torchvision).
        case ownBest
    }

    package static let background: Int32 = -1
    package static let ignored: Int32 = -2

    package let positive: Float
    package let negative: Float
    /// Least overlap with which `lowQuality` claims anchors.
    package let minimumPositive: Float
    package let lowQuality: LowQuality

    package init(positive: Float, negative: Float, minimumPositive: Float = 0, lowQuality: LowQuality) {
        self.positive = positive
        self.negative = negative
        self.minimumPositive = minimumPositive
        self.lowQuality = lowQuality
    }

    /// - anchors: [A, 4]. Returns per anchor the position of its box, `background` or `ignored`.
    package func match(_ anchors: Tensor, _ boxes: [Box]) -> [Int32] {
        let count = anchors.shape[0]
        guard !boxes.isEmpty else { return [Int32](repeating: Self.background, count: count) }
        let flat = boxes.flatMap { [$0.x1, $0.y1, $0.x2, $0.y2] }
        var overlap = [Float](repeating: 0, count: count)
        var best = [Int32](repeating: 0, count: count)
        let blockCount = (count + Self.blockSize - 1) / Self.blockSize
        var blockBest = [Float](repeating: 0, count: blockCount * boxes.count)
        ck_match_anchors(Int64(count), Int64(boxes.count), anchors.floats, flat, &overlap, &best, &blockBest)
        var assigned = [Int32](repeating: Self.ignored, count: count)
        for i in 0..<count {
            if overlap[i] >= positive {
                assigned[i] = best[i]
            } else if overlap[i] < negative {
                assigned[i] = Self.background
            }
        }
        if lowQuality != .none { claim(anchors, flat, blockBest, best, &assigned) }
        return assigned
    }

    /// The same of boxes that are not anchors.
    package func match(_ candidates: [Box], _ boxes: [Box]) -> [Int32] {
        match(
            Tensor(candidates.flatMap { [$0.x1, $0.y1, $0.x2, $0.y2] }, shape: [candidates.count, 4]), boxes)
    }

    /// Anchors of one block of `blockBest`.
    private static let blockSize = Int(CK_MATCH_BLOCK)

    /// - blockBest: [blocks, boxes]; only blocks that hold a box's best overlap can hold anchors that tie for it.
    private func claim(
        _ anchors: Tensor, _ boxes: [Float], _ blockBest: [Float], _ best: [Int32], _ assigned: inout [Int32]
    ) {
        let (boxCount, anchorCount) = (boxes.count / 4, assigned.count)
        let blocks = 0..<(blockBest.count / boxCount)
        var overlaps = [Float](repeating: 0, count: Self.blockSize)
        for b in 0..<boxCount {
            let most = blocks.reduce(0) { max($0, blockBest[$1 * boxCount + b]) }
            guard most > 0, most >= minimumPositive else { continue }
            let box = Array(boxes[(4 * b)..<(4 * b + 4)])
            search: for block in blocks where blockBest[block * boxCount + b] == most {
                let first = block * Self.blockSize
                let size = min(Self.blockSize, anchorCount - first)
                ck_overlaps(Int64(size), anchors.floats + 4 * first, box, &overlaps)
                for i in 0..<size where overlaps[i] == most {
                    assigned[first + i] = lowQuality == .ownBest ? best[first + i] : Int32(b)
                    if lowQuality == .claimingBoxOnce { break search }
                }
            }
        }
    }
}
