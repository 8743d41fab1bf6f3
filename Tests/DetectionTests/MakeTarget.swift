import DetectionData

/// A target whose picture fills `width` x `height` pixels of the input, unscaled.
func makeTarget(_ boxes: [Box], labels: [Int32]? = nil, width: Int, height: Int, scale: Float = 1) -> Target {
    Target(
        boxes: boxes, labels: labels ?? boxes.map { _ in 0 }, boxIDs: boxes.indices.map { Int32($0) },
        imageID: 1,
        originalWidth: Int(Float(width) / scale), originalHeight: Int(Float(height) / scale), scaleX: scale,
        scaleY: scale, flipped: false, validWidth: width, validHeight: height)
}

/// Boxes from their corners, four numbers each.
func makeBoxes(_ corners: [Float]) -> [Box] {
    stride(from: 0, to: corners.count, by: 4).map {
        Box(x1: corners[$0], y1: corners[$0 + 1], x2: corners[$0 + 2], y2: corners[$0 + 3])
    }
}
