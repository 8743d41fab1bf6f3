extension RLEMask {
    /// The boundary is walked in steps of a fifth of a pixel; a column's centre lies between its fifths 2 and 3.
    private static let scale = 5
    private static let centre = 2

    /// The pixels inside a polygon.
    /// - polygon: x, y, x, y ... in pixels, at least three corners; anywhere within a million pixels.
    /// - Source: the COCO interface's rasterisation, of which this gives the very pixels: corners are rounded to fifths
    ///   of a pixel, edges are walked in whole fifths, and each column's crossings are where the walk passes its
    ///   centre; between crossings, in order, pixels are inside and outside in turn.
    package init(width: Int, height: Int, polygon: [Double]) {
        var crossings: [Int] = []
        // Truncated, not rounded down: so it is defined for what lies left of the picture.
        func fifths(_ i: Int) -> Int { Int(Double(Self.scale) * polygon[i] + 0.5) }
        let cornerCount = polygon.count / 2
        for i in 0..<cornerCount {
            let j = i + 1 < cornerCount ? i + 1 : 0
            let (from, to) = (
                (x: fifths(2 * i), y: fifths(2 * i + 1)), (x: fifths(2 * j), y: fifths(2 * j + 1))
            )
            let (dx, dy) = (abs(to.x - from.x), abs(to.y - from.y))
            // Always walked upwards along the longer axis, so that rounding does not depend on the direction.
            if dx >= dy {
                let (start, end) = from.x > to.x ? (to, from) : (from, to)
                Self.crossFlat(start, end, width: width, height: height, &crossings)
            } else {
                let (start, end) = from.y > to.y ? (to, from) : (from, to)
                Self.crossSteep(start, end, width: width, height: height, &crossings)
            }
        }
        crossings.sort()
        self.init(width: width, height: height, counts: Self.runs(crossings, pixelCount: width * height))
    }

    /// All polygons of one object: pixels inside any of them.
    package init(width: Int, height: Int, polygons: [[Double]]) {
        self = .union(polygons.map { RLEMask(width: width, height: height, polygon: $0) })
    }

    /// The first pixel, in column order, below the crossing of a column's centre that has `y` as its upper end.
    private static func pixel(below y: Int, column: Int, height: Int) -> Int {
        let row = (Double(y) + 0.5) / Double(scale) - 0.5
        return column * height + Int(min(max(row, 0), Double(height)).rounded(.up))
    }

    /// An edge that is no higher than wide: it passes every fifth of its columns once.
    private static func crossFlat(
        _ start: (x: Int, y: Int), _ end: (x: Int, y: Int), width: Int, height: Int, _ crossings: inout [Int]
    ) {
        guard end.x > start.x else { return }
        let slope = Double(end.y - start.y) / Double(end.x - start.x)
        func y(_ x: Int) -> Int { Int(Double(start.y) + slope * Double(x - start.x) + 0.5) }
        let first = max(0, (start.x - centre + scale - 1) / scale)
        let last = min(width - 1, (end.x - 1 - centre) / scale)
        // Division rounds towards zero, which is upwards for what ends left of the first centre.
        guard end.x - 1 >= centre, first <= last else { return }
        for column in first...last {
            let x = column * scale + centre
            if x < start.x { continue }
            crossings.append(pixel(below: min(y(x), y(x + 1)), column: column, height: height))
        }
    }

    /// An edge that is higher than wide: walked fifth by fifth, it passes a column's centre once, at a place that is looked
    /// for by halves, since an edge may begin and end far away.
    private static func crossSteep(
        _ start: (x: Int, y: Int), _ end: (x: Int, y: Int), width: Int, height: Int, _ crossings: inout [Int]
    ) {
        let slope = Double(end.x - start.x) / Double(end.y - start.y)
        func x(_ y: Int) -> Int { Int(Double(start.x) + slope * Double(y - start.y) + 0.5) }
        let (from, to) = (x(start.y), x(end.y))
        let (left, right) = (min(from, to), max(from, to))
        let first = left <= centre ? 0 : (left - centre + scale - 1) / scale
        guard right > centre else { return }
        let last = min(width - 1, (right - 1 - centre) / scale)
        guard first <= last else { return }
        for column in first...last {
            let middle = column * scale + centre
            // The walk steps from one side of the centre to the other between these two.
            var (y, next) = (start.y, end.y)
            while next - y > 1 {
                let half = y + (next - y) / 2
                if (x(half) <= middle) == (from < to) { y = half } else { next = half }
            }
            if min(x(y), x(next)) == middle {
                crossings.append(pixel(below: y, column: column, height: height))
            }
        }
    }

    /// Runs between crossings, in order; two at one place undo each other. The first may be empty.
    private static func runs(_ crossings: [Int], pixelCount: Int) -> [UInt32] {
        var runs: [UInt32] = []
        runs.reserveCapacity(crossings.count + 1)
        var (last, undoes) = (0, false)
        for i in 0...crossings.count {
            let place = i < crossings.count ? crossings[i] : pixelCount
            let run = UInt32(place - last)
            last = place
            if undoes {
                runs[runs.count - 1] += run
                undoes = false
            } else if run > 0 || runs.isEmpty {
                runs.append(run)
            } else {
                undoes = true
            }
        }
        return runs
    }
}
