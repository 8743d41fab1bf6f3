package import DetectionData

/// Gives each point the smallest of the boxes that it lies in and that its level is made for, or the
/// background.
/// - Source: Tian et al. 2019, "FCOS", 3.1 and 3.2; bounds and ties as mmdetection 2.x
///   `FCOSHead.get_targets`. torchvision leaves out distances that equal a bound.
package struct PointMatcher: Sendable {
    package static let background: Int32 = -1

    /// The largest distance from a point to a side of its box, in pixels, of each level but the last.
    package let limits: [Float]
    /// Centre sampling: so many strides at most from the box's centre, in each axis; nil takes every point
    /// inside.
    package let radius: Float?

    package init(limits: [Float], radius: Float?) { (self.limits, self.radius) = (limits, radius) }

    /// Per point the position of its box, or `background`.
    package func assign(_ points: PointSet, _ boxes: [Box]) -> [Int32] {
        precondition(
            points.levels.count == limits.count + 1, "\(points.levels.count) levels for limits \(limits)")
        var assigned = [Int32](repeating: Self.background, count: points.count)
        var areas = [Float](repeating: .infinity, count: points.count)
        for (index, box) in boxes.enumerated() {
            let area = box.width * box.height
            for l in points.levels.indices {
                forEachPoint(of: points.levels[l], levelIndex: l, box) { cell in
                    let point = points.levelStarts[l] + cell
                    // Of equal areas the first.
                    if area < areas[point] { (areas[point], assigned[point]) = (area, Int32(index)) }
                }
            }
        }
        return assigned
    }

    /// The level's cells that may be the box's.
    private func forEachPoint(of level: PointSet.Level, levelIndex l: Int, _ box: Box, _ body: (Int) -> Void)
    {
        let (lowest, highest) = (l == 0 ? -1 : limits[l - 1], l < limits.count ? limits[l] : .infinity)
        let reach = radius.map { $0 * level.stride } ?? .infinity
        let (cx, cy) = ((box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2)
        let columns = level.columns(from: max(box.x1, cx - reach), to: min(box.x2, cx + reach))
        for row in level.rows(from: max(box.y1, cy - reach), to: min(box.y2, cy + reach)) {
            let y = level.y(row)
            let (top, bottom) = (y - box.y1, box.y2 - y)
            guard min(top, bottom) > 0, abs(y - cy) < reach else { continue }
            for column in columns {
                let x = level.x(column)
                let (left, right) = (x - box.x1, box.x2 - x)
                guard min(left, right) > 0, abs(x - cx) < reach else { continue }
                let farthest = max(max(left, right), max(top, bottom))
                if farthest >= lowest && farthest <= highest { body(row * level.width + column) }
            }
        }
    }
}
