/// The points that an anchor-free head judges: one per cell of every pyramid level.
///
/// Order: level, row, column.
package struct PointGenerator: Sendable {
    package let strides: [Int]
    /// Of the first point from the input's corner, in strides: 0.5 is the middle of a cell.
    private let offset: Float
    /// Whether points lie as far apart as the input's size divided by the map's says, instead of by
    /// `strides`: where the input is no multiple of the coarsest stride, the two differ.
    private let spacingFollowsInput: Bool

    /// - Source: mmdetection 2.x `MlvlPointGenerator` with offset 0.5; torchvision with offset 0 and spacing
    ///   by input.
    package init(strides: [Int], offset: Float, spacingFollowsInput: Bool = false) {
        self.strides = strides
        self.offset = offset
        self.spacingFollowsInput = spacingFollowsInput
    }

    /// All points of maps of the given sizes.
    /// - sizes: (height, width) per level.
    /// - inputHeight, inputWidth: size of the network's input, padding included.
    package func points(_ sizes: [(height: Int, width: Int)], inputHeight: Int, inputWidth: Int) -> PointSet {
        precondition(sizes.count == strides.count, "\(sizes.count) maps for \(strides.count) strides")
        return PointSet(
            levels: zip(sizes, strides).map { size, stride in
                let spacing =
                    spacingFollowsInput
                    ? (inputWidth / size.width, inputHeight / size.height) : (stride, stride)
                return PointSet.Level(
                    height: size.height, width: size.width, stride: Float(stride), spacingX: spacing.0,
                    spacingY: spacing.1, origin: offset * Float(stride))
            })
    }
}

/// The points of one input size, and where each lies in the head's outputs.
package struct PointSet {
    package struct Level {
        package let height: Int
        package let width: Int
        package let stride: Float
        let spacingX: Int
        let spacingY: Int
        /// Of the first point, in pixels from the input's corner.
        let origin: Float

        package var count: Int { height * width }
        func x(_ column: Int) -> Float { Float(column * spacingX) + origin }
        func y(_ row: Int) -> Float { Float(row * spacingY) + origin }

        /// Columns whose points may lie between two places; a few beside them.
        func columns(from low: Float, to high: Float) -> Range<Int> {
            Self.cells(from: low - origin, to: high - origin, spacing: spacingX, count: width)
        }

        /// The same of rows.
        func rows(from low: Float, to high: Float) -> Range<Int> {
            Self.cells(from: low - origin, to: high - origin, spacing: spacingY, count: height)
        }

        private static func cells(from low: Float, to high: Float, spacing: Int, count: Int) -> Range<Int> {
            func cell(_ place: Float) -> Int { Int(min(max(place / Float(spacing), 0), Float(count))) }
            let first = cell(low)
            return first..<max(first, min(count, cell(high) + 1))
        }
    }

    package let levels: [Level]
    /// Points before each level, and their total at the end.
    package let levelStarts: [Int]

    init(levels: [Level]) {
        self.levels = levels
        levelStarts = levels.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
    }

    package var count: Int { levelStarts[levels.count] }
}
