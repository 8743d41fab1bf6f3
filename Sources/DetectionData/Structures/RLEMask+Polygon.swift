extension RLEMask {
    /// The boundary is walked in steps of a fifth of a pixel.
    private static let scale = 5.0

    /// The pixels inside a polygon.
    /// - polygon: x, y, x, y ... in pixels, at least three corners.
    /// - Source: the COCO interface's rasterisation, of which this gives the very pixels: corners are rounded to fifths
    ///   of a pixel, edges are walked in whole fifths, and each column's crossings are where the walk passes its
    ///   centre; between crossings, in order, pixels are inside and outside in turn.
    package init(width: Int, height: Int, polygon: [Double]) {
        let walk = Self.walk(polygon)
        var crossings: [Int] = []
        for (here, next) in zip(walk, walk.dropFirst()) where here.x != next.x {
            let column = (Double(min(here.x, next.x)) + 0.5) / Self.scale - 0.5
            guard column >= 0, column <= Double(width - 1), column == column.rounded(.down) else { continue }
            let row = (Double(min(here.y, next.y)) + 0.5) / Self.scale - 0.5
            let clamped = min(max(row, 0), Double(height)).rounded(.up)
            crossings.append(Int(column) * height + Int(clamped))
        }
        crossings.sort()
        var counts: [UInt32] = []
        var last = 0
        for crossing in crossings + [width * height] {
            counts.append(UInt32(crossing - last))
            last = crossing
        }
        self.init(width: width, height: height, counts: Self.withoutEmptyRuns(counts))
    }

    /// All polygons of one object: pixels inside any of them.
    package init(width: Int, height: Int, polygons: [[Double]]) {
        self = .union(polygons.map { RLEMask(width: width, height: height, polygon: $0) })
    }

    /// Fifths of pixels along all edges, corner to corner.
    private static func walk(_ polygon: [Double]) -> [(x: Int, y: Int)] {
        // Truncated, not rounded down: so it is defined for what lies left of the picture.
        let corners = stride(from: 0, to: polygon.count - 1, by: 2).map {
            (x: Int(scale * polygon[$0] + 0.5), y: Int(scale * polygon[$0 + 1] + 0.5))
        }
        var points: [(x: Int, y: Int)] = []
        for (i, from) in corners.enumerated() {
            let to = corners[(i + 1) % corners.count]
            let (dx, dy) = (abs(to.x - from.x), abs(to.y - from.y))
            // Always walked upwards along the longer axis, so that rounding does not depend on the direction.
            let isReversed = dx >= dy ? from.x > to.x : from.y > to.y
            let (start, end) = isReversed ? (to, from) : (from, to)
            let length = max(dx, dy)
            for step in 0...length {
                let t = isReversed ? length - step : step
                guard length > 0 else {
                    points.append(start)
                    continue
                }
                if dx >= dy {
                    let slope = Double(end.y - start.y) / Double(dx)
                    points.append((start.x + t, Int(Double(start.y) + slope * Double(t) + 0.5)))
                } else {
                    let slope = Double(end.x - start.x) / Double(dy)
                    points.append((Int(Double(start.x) + slope * Double(t) + 0.5), start.y + t))
                }
            }
        }
        return points
    }

    /// Runs on both sides of an empty one are one run; the first may be empty.
    private static func withoutEmptyRuns(_ counts: [UInt32]) -> [UInt32] {
        var kept: [UInt32] = []
        var i = 0
        while i < counts.count {
            if counts[i] > 0 || kept.isEmpty {
                kept.append(counts[i])
            } else {
                i += 1
                if i < counts.count { kept[kept.count - 1] += counts[i] }
            }
            i += 1
        }
        return kept
    }
}
