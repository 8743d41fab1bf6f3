/// What `ckpt show` prints: one row for each tensor of a file.
package struct CheckpointInspection: Sendable {
    package struct Row: Sendable {
        package let name: String
        package let dtype: SafetensorsDType
        package let shape: [Int]
        /// `nil` for integers and for tensors without an element.
        package let statistics: Statistics?
    }

    /// Over all elements, in 64-bit arithmetic; one NaN makes all but the count NaN.
    package struct Statistics: Sendable {
        /// Euclidean.
        package let norm: Double
        package let minimum: Double
        package let maximum: Double
        package let mean: Double
        /// Elements that are infinite or not a number.
        package let nonFiniteCount: Int

        /// - values: at least one.
        init(_ values: [Double]) {
            precondition(!values.isEmpty, "statistics of nothing")
            var (squares, sum, low, high) = (0.0, 0.0, values[0], values[0])
            var (badCount, hasNaN) = (0, false)
            for value in values {
                squares += value * value
                sum += value
                low = min(low, value)
                high = max(high, value)
                if !value.isFinite { badCount += 1 }
                if value.isNaN { hasNaN = true }
            }
            norm = squares.squareRoot()
            minimum = hasNaN ? .nan : low
            maximum = hasNaN ? .nan : high
            mean = sum / Double(values.count)
            nonFiniteCount = badCount
        }
    }

    /// Sorted by name.
    package let rows: [Row]
    /// Numbers in all tensors together.
    package let elementCount: Int
    package let byteCount: Int

    package init(_ file: SafetensorsFile) {
        rows = file.entries.sorted { $0.name < $1.name }.map { entry in
            let hasStatistics = entry.dtype.isFloatingPoint && entry.elementCount > 0
            return Row(
                name: entry.name, dtype: entry.dtype, shape: entry.shape,
                statistics: hasStatistics ? Statistics(entry.doubles()) : nil)
        }
        elementCount = file.entries.reduce(0) { $0 + $1.elementCount }
        byteCount = file.entries.reduce(0) { $0 + $1.bytes.count }
    }
}
