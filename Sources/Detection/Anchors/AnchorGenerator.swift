package import Tensors

/// Reference boxes at every cell of every pyramid level.
///
/// Order: level, row, column, then shape (ratio outer, scale inner): the order in which a head's channels unroll.
package struct AnchorGenerator: Sendable {
    /// Boxes x1 y1 x2 y2 around the origin, per level.
    package let baseAnchors: [[(Float, Float, Float, Float)]]
    package let strides: [Int]
    /// Whether cells lie as far apart as the input's size divided by the map's says, instead of by `strides`: where
    /// the input is no multiple of the coarsest stride, the two differ.
    private let spacingFollowsInput: Bool

    package var shapeCount: Int { baseAnchors[0].count }

    /// Octave anchors: side `stride * baseScale * 2^(i / scalesPerOctave)`, area kept over ratios h/w.
    /// - centreOffset: of the anchors' centres from each cell's origin, in strides.
    /// - Source: mmdetection 2.x `AnchorGenerator`, where the offset is 0.
    package init(
        baseScale: Float, scalesPerOctave: Int, ratios: [Float], strides: [Int], centreOffset: Float = 0
    ) {
        self.strides = strides
        spacingFollowsInput = false
        baseAnchors = strides.map { stride in
            ratios.flatMap { ratio in
                (0..<scalesPerOctave).map { i in
                    let side = Double(stride) * Double(baseScale) * Self.root(i, scalesPerOctave)
                    let root = Double(ratio).squareRoot()
                    let (w, h) = (Float(side / root), Float(side * root))
                    let centre = centreOffset * Float(stride)
                    return (centre - w / 2, centre - h / 2, centre + w / 2, centre + h / 2)
                }
            }
        }
    }

    /// Anchors of given sides per level, corners rounded to whole pixels, spaced by the input's size over the map's.
    /// - Source: torchvision `AnchorGenerator`.
    package init(roundedSides sides: [[Float]], ratios: [Float], strides: [Int]) {
        self.strides = strides
        spacingFollowsInput = true
        baseAnchors = sides.map { levelSides in
            ratios.flatMap { ratio in
                levelSides.map { side in
                    let root = ratio.squareRoot()
                    let (w, h) = ((1 / root) * side, root * side)
                    func rounded(_ v: Float) -> Float { (v / 2).rounded(.toNearestOrEven) }
                    return (rounded(-w), rounded(-h), rounded(w), rounded(h))
                }
            }
        }
    }

    /// 2^(i/n)
    private static func root(_ i: Int, _ n: Int) -> Double {
        var value = 1.0
        // n-th root of 2 by Newton's method: exact to the last bit for the small n in use.
        var r = 1 + 0.7 / Double(n)
        for _ in 0..<60 { r -= (power(r, n) - 2) / (Double(n) * power(r, n - 1)) }
        for _ in 0..<i { value *= r }
        return value
    }

    private static func power(_ x: Double, _ n: Int) -> Double { (0..<n).reduce(1) { p, _ in p * x } }

    /// All anchors of maps of the given sizes.
    /// - sizes: (height, width) per level.
    /// - inputHeight, inputWidth: size of the network's input, padding included.
    package func anchors(
        _ sizes: [(height: Int, width: Int)], inputHeight: Int, inputWidth: Int
    ) -> AnchorSet {
        precondition(sizes.count == strides.count, "\(sizes.count) maps for \(strides.count) strides")
        let counts = sizes.map { $0.height * $0.width * shapeCount }
        let boxes = Tensor(uninitialized: [counts.reduce(0, +), 4])
        var p = boxes.floats
        for (level, size) in sizes.enumerated() {
            let stride = strides[level]
            let spacing =
                spacingFollowsInput ? (inputWidth / size.width, inputHeight / size.height) : (stride, stride)
            for y in 0..<size.height {
                for x in 0..<size.width {
                    let (dx, dy) = (Float(x * spacing.0), Float(y * spacing.1))
                    for base in baseAnchors[level] {
                        (p[0], p[1], p[2], p[3]) = (base.0 + dx, base.1 + dy, base.2 + dx, base.3 + dy)
                        p += 4
                    }
                }
            }
        }
        return AnchorSet(boxes: boxes, sizes: sizes, shapeCount: shapeCount, strides: strides)
    }
}

/// The anchors of one input size, and where each lies in the head's outputs.
package struct AnchorSet {
    /// [A, 4], x1 y1 x2 y2 in network-input pixels.
    package let boxes: Tensor
    package let sizes: [(height: Int, width: Int)]
    package let shapeCount: Int
    package let strides: [Int]
    /// Anchors before each level, and their total at the end.
    package let levelStarts: [Int]

    init(boxes: Tensor, sizes: [(height: Int, width: Int)], shapeCount: Int, strides: [Int]) {
        self.boxes = boxes
        self.sizes = sizes
        self.shapeCount = shapeCount
        self.strides = strides
        levelStarts = sizes.reduce(into: [0]) {
            $0.append($0[$0.count - 1] + $1.height * $1.width * shapeCount)
        }
    }

    package var count: Int { boxes.shape[0] }
    package var levelCount: Int { sizes.count }
    package func levelRange(_ level: Int) -> Range<Int> { levelStarts[level]..<levelStarts[level + 1] }

    /// Which anchors lie on the picture or its own padding to `divisor`, not on the padding up to the batch's size.
    /// - Source: mmdetection 2.x `valid_flags`: cells below ceil(padded size / stride).
    package func isValid(width: Int, height: Int, divisor: Int = 32) -> [Bool] {
        let padded = (
            width: (width + divisor - 1) / divisor * divisor,
            height: (height + divisor - 1) / divisor * divisor
        )
        var flags = [Bool](repeating: true, count: count)
        for (level, size) in sizes.enumerated() {
            let stride = strides[level]
            let (columns, rows) = (
                (padded.width + stride - 1) / stride, (padded.height + stride - 1) / stride
            )
            guard columns < size.width || rows < size.height else { continue }
            var i = levelStarts[level]
            for y in 0..<size.height {
                for x in 0..<size.width {
                    for _ in 0..<shapeCount {
                        flags[i] = x < columns && y < rows
                        i += 1
                    }
                }
            }
        }
        return flags
    }

    /// Positions of the valid anchors that stick out of a picture by less than `border` on its right and below, and by
    /// at most `border` on its left and above.
    /// - Source: mmdetection 2.x `anchor_inside_flags`.
    package func inside(width: Int, height: Int, border: Float) -> [Int32] {
        let valid = isValid(width: width, height: height)
        return (0..<count).filter { i in
            let a = boxes.floats + 4 * i
            return valid[i] && a[0] >= -border && a[1] >= -border && a[2] < Float(width) + border
                && a[3] < Float(height) + border
        }.map { Int32($0) }
    }
}
