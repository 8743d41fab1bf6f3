package import DetectionData
package import Tensors

/// Target assignment shared by dense losses, supervised and self-supervised.
package enum DenseTargets {
    /// Each anchor's box; anchors on batch padding are ignored.
    package static func assign(_ anchors: AnchorSet, _ target: Target, _ matcher: MaxIoUMatcher) -> [Int32] {
        var assigned = matcher.match(anchors.boxes, target.boxes)
        let valid = anchors.isValid(width: target.validWidth, height: target.validHeight)
        for i in assigned.indices where !valid[i] { assigned[i] = MaxIoUMatcher.ignored }
        return assigned
    }

    /// Offsets from chosen anchors to their boxes, [R, 4].
    package static func deltas(_ boxes: [Box], _ anchors: AnchorSet, _ chosen: [Int]) -> Tensor {
        let out = Tensor(uninitialized: [chosen.count, 4])
        for (row, anchor) in chosen.enumerated() {
            let box = boxes[row]
            withUnsafeTemporaryAllocation(of: Float.self, capacity: 4) { corners in
                (corners[0], corners[1], corners[2], corners[3]) = (box.x1, box.y1, box.x2, box.y2)
                guard let base = corners.baseAddress else { return }
                BoxCoder.encode(anchor: anchors.boxes.floats + 4 * anchor, box: base, into: out.floats + 4 * row)
            }
        }
        return out
    }
}
