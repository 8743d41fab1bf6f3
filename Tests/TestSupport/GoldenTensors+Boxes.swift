package import DetectionData
package import Testing

/// Boxes from their corners, four numbers each.
package func makeBoxes(_ corners: [Float]) -> [Box] {
    stride(from: 0, to: corners.count, by: 4).map {
        Box(x1: corners[$0], y1: corners[$0 + 1], x2: corners[$0 + 2], y2: corners[$0 + 3])
    }
}

extension GoldenTensors {
    /// A float32 entry of corners.
    package func boxes(_ key: String) throws -> [Box] { makeBoxes(try floats(key)) }
}

/// Fails unless the boxes' corners agree, as a share of the largest of them.
package func expectClose(
    _ actual: [Box], _ expected: [Box], relative tolerance: Double, _ what: @autoclosure () -> String = "",
    sourceLocation: SourceLocation = #_sourceLocation
) {
    func corners(_ boxes: [Box]) -> [Float] { boxes.flatMap { [$0.x1, $0.y1, $0.x2, $0.y2] } }
    expectClose(
        corners(actual), corners(expected), relative: tolerance, what(), sourceLocation: sourceLocation)
}
