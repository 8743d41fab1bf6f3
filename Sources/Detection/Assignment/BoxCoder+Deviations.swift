package import DetectionData

extension BoxCoder {
    /// What offsets are divided by, so that targets spread over about one unit.
    package struct Deviations: Sendable, Equatable {
        package let x: Float
        package let y: Float
        package let width: Float
        package let height: Float

        package init(x: Float, y: Float, width: Float, height: Float) {
            (self.x, self.y, self.width, self.height) = (x, y, width, height)
        }
    }

    /// Writes dx, dy, dw, dh from `reference` to `box`, divided by the deviations.
    package static func encode(
        reference: Box, box: Box, _ deviations: Deviations, into d: UnsafeMutablePointer<Float>
    ) {
        withCorners(reference) { r in withCorners(box) { b in encode(anchor: r, box: b, into: d) } }
        d[0] /= deviations.x
        d[1] /= deviations.y
        d[2] /= deviations.width
        d[3] /= deviations.height
    }

    /// The box that offsets divided by the deviations lead to.
    package static func decode(reference: Box, deltas d: UnsafePointer<Float>, _ deviations: Deviations) -> Box {
        let scaled = (
            d[0] * deviations.x, d[1] * deviations.y, d[2] * deviations.width, d[3] * deviations.height
        )
        return withCorners(reference) { r in
            withCorners(Box(x1: scaled.0, y1: scaled.1, x2: scaled.2, y2: scaled.3)) { decode(anchor: r, deltas: $0) }
        }
    }

    private static func withCorners<Result>(_ box: Box, _ body: (UnsafePointer<Float>) -> Result) -> Result {
        var corners = (box.x1, box.y1, box.x2, box.y2)
        return withUnsafePointer(to: &corners) { pointer in
            pointer.withMemoryRebound(to: Float.self, capacity: 4) { body($0) }
        }
    }
}
