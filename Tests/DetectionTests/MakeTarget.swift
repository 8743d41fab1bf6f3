import DetectionData
import Tensors
import TestSupport
import Testing

/// A target whose picture fills `width` x `height` pixels of the input, unscaled.
func makeTarget(_ boxes: [Box], labels: [Int32]? = nil, width: Int, height: Int, scale: Float = 1) -> Target {
    Target(
        boxes: boxes, labels: labels ?? boxes.map { _ in 0 }, boxIDs: boxes.indices.map { Int32($0) },
        imageID: 1,
        originalWidth: Int(Float(width) / scale), originalHeight: Int(Float(height) / scale), scaleX: scale,
        scaleY: scale, flipped: false, validWidth: width, validHeight: height)
}

extension GoldenTensors {
    /// A target of the boxes at `key`, such as `small.boxes` or `boxes.0`, and of the labels beside them.
    func target(_ key: String, width: Int, height: Int) throws -> Target {
        makeTarget(
            try boxes(key), labels: try labels(key.replacing("boxes", with: "labels")), width: width,
            height: height)
    }

    /// A batch of pictures whose name is the metadata's entry `name`, a target for each entry of `boxes`.
    func batch(
        _ name: String, boxes: [String], width: Int, height: Int
    ) throws -> (images: Tensor, targets: [Target]) {
        let name = try #require(metadata[name])
        return (
            GoldenWeights.images(
                name, count: boxes.count, channels: 3, height: height, width: width, scale: 2),
            try boxes.map { try target($0, width: width, height: height) }
        )
    }
}

extension Target {
    /// The same with the ellipses inside its boxes as outlines.
    var outlined: Target {
        let (width, height) = (originalWidth, originalHeight)
        var target = self
        target.masks = boxes.map { box in
            let (cx, cy) = (Double(box.x1 + box.x2) / 2, Double(box.y1 + box.y2) / 2)
            let (rx, ry) = (Double(box.width) / 2, Double(box.height) / 2)
            let pixels = (0..<(width * height)).map { p -> UInt8 in
                let (x, y) = ((Double(p % width) + 0.5 - cx) / rx, (Double(p / width) + 0.5 - cy) / ry)
                return x * x + y * y <= 1 ? 1 : 0
            }
            return .runs(RLEMask(width: width, height: height, pixels: pixels))
        }
        return target
    }
}
