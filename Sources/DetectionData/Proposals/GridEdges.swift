/// The edges between 8-connected pixels of an image in ascending order of colour distance.
///
/// Equal distances keep raster order (right, down, down-right, down-left of each pixel), so the order is
/// total.
struct GridEdges {
    /// Steps per grey level to which distances are rounded, so that one counting pass sorts them.
    ///
    /// Coarser steps give more regions. Measured on 52 photographs with fast selective search, recall at an
    /// IoU of 0.7 among the first 1000 boxes: 0.51 with 4 steps, 0.52 with 8, 0.53 with 16, 0.51 with 32 and
    /// with 128.
    static let stepsPerLevel: Float = 16
    /// 255 * sqrt(3) levels, rounded up to whole steps, and one more.
    static let stepCount = 7068
    private static let absent = UInt16.max

    let width: Int
    /// Edges of step s are `codes[starts[s]..<starts[s + 1]]`.
    let starts: [Int]
    /// 4 * pixel + direction.
    let codes: [UInt32]

    /// How far the second pixel lies behind the first, for each direction.
    var pixelOffsets: [Int] { [1, width, width + 1, width - 1] }

    /// - smoothed: `channelCount` planes of `width * height` samples in grey levels.
    init(smoothed: [Float], width: Int, height: Int, channelCount: Int) {
        self.width = width
        let steps = Self.steps(smoothed, width, height, channelCount)
        (starts, codes) = Self.sorted(steps, pixelCount: width * height)
    }

    /// Rounded distances: four planes, one per direction, `absent` where the edge would leave the image.
    private static func steps(
        _ smoothed: [Float], _ width: Int, _ height: Int, _ channelCount: Int
    ) -> [UInt16] {
        let pixelCount = width * height
        return [UInt16](unsafeUninitializedCapacity: 4 * pixelCount) { out, count in
            out.initialize(repeating: absent)
            count = 4 * pixelCount
            guard let target = out.baseAddress else { return }
            smoothed.withUnsafeBufferPointer { planes in
                guard let source = planes.baseAddress else { return }
                for y in 0..<height {
                    let row = y * width
                    func fill(_ direction: Int, from x0: Int, _ length: Int, offset: Int) {
                        distances(
                            source + row + x0, source + row + x0 + offset, plane: pixelCount, channelCount,
                            length, into: target + direction * pixelCount + row + x0)
                    }
                    fill(0, from: 0, width - 1, offset: 1)
                    if y + 1 < height {
                        fill(1, from: 0, width, offset: width)
                        fill(2, from: 0, width - 1, offset: width + 1)
                        fill(3, from: 1, width - 1, offset: width - 1)
                    }
                }
            }
        }
    }

    /// Euclidean distances of `length` pixels at `a` and `b`, in rounded steps.
    @inline(__always)
    private static func distances(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, plane: Int, _ channelCount: Int, _ length: Int,
        into out: UnsafeMutablePointer<UInt16>
    ) {
        // Adding 2^23 leaves the rounded integer in the low bits: a conversion without a trap, so it
        // vectorises.
        let magic: Float = 0x1p23
        if channelCount == 1 {
            for x in 0..<max(length, 0) {
                let d = a[x] - b[x]
                out[x] = UInt16(truncatingIfNeeded: (d.magnitude * stepsPerLevel + magic).bitPattern)
            }
            return
        }
        for x in 0..<max(length, 0) {
            let d0 = a[x] - b[x]
            let d1 = a[plane + x] - b[plane + x]
            let d2 = a[2 * plane + x] - b[2 * plane + x]
            let distance = (d0 * d0 + d1 * d1 + d2 * d2).squareRoot()
            out[x] = UInt16(truncatingIfNeeded: (distance * stepsPerLevel + magic).bitPattern)
        }
    }

    private static func sorted(_ steps: [UInt16], pixelCount: Int) -> (starts: [Int], codes: [UInt32]) {
        var next = [Int](repeating: 0, count: stepCount + 1)
        return steps.withUnsafeBufferPointer { steps in
            next.withUnsafeMutableBufferPointer { next in
                for i in 0..<steps.count where steps[i] != absent { next[Int(steps[i])] &+= 1 }
                var total = 0
                for s in 0...stepCount { (next[s], total) = (total, total + next[s]) }
                let starts = Array(next)
                let codes = [UInt32](unsafeUninitializedCapacity: total) { codes, count in
                    for pixel in 0..<pixelCount {
                        for direction in 0..<4 {
                            let step = steps[direction &* pixelCount &+ pixel]
                            if step == absent { continue }
                            let place = next[Int(step)]
                            next[Int(step)] = place &+ 1
                            codes[place] = UInt32(truncatingIfNeeded: pixel &* 4 &+ direction)
                        }
                    }
                    count = total
                }
                return (starts, codes)
            }
        }
    }
}
