package import DetectionData

/// A box by its centre and size, as shares of its picture's width and height.
package struct NormalizedBox: Sendable, Equatable {
    package let centreX: Float
    package let centreY: Float
    package let width: Float
    package let height: Float

    package init(centreX: Float, centreY: Float, width: Float, height: Float) {
        (self.centreX, self.centreY, self.width, self.height) = (centreX, centreY, width, height)
    }

    /// - numbers: four of them, in the order above.
    init(_ numbers: UnsafePointer<Float>) {
        self.init(centreX: numbers[0], centreY: numbers[1], width: numbers[2], height: numbers[3])
    }

    /// - imageWidth, imageHeight: of the picture, in the box's pixels.
    package init(_ box: Box, imageWidth: Int, imageHeight: Int) {
        let (w, h) = (Float(imageWidth), Float(imageHeight))
        self.init(
            centreX: (box.x1 + box.x2) / 2 / w, centreY: (box.y1 + box.y2) / 2 / h, width: box.width / w,
            height: box.height / h)
    }

    var numbers: [Float] { [centreX, centreY, width, height] }

    /// Its corners, as shares of the picture.
    package var corners: Box {
        Box(
            x1: centreX - width / 2, y1: centreY - height / 2, x2: centreX + width / 2,
            y2: centreY + height / 2)
    }

    /// Intersection over union, less the share of the box around both that neither covers.
    /// - Source: Rezatofighi et al. 2019, algorithm 1. The same in pixels: shares of one picture scale both
    ///   axes alike.
    package func generalizedIoU(_ other: NormalizedBox) -> Float {
        let (a, b) = (corners, other.corners)
        let w = max(0, min(a.x2, b.x2) - max(a.x1, b.x1))
        let h = max(0, min(a.y2, b.y2) - max(a.y1, b.y1))
        let union = a.area + b.area - w * h
        let around = (max(a.x2, b.x2) - min(a.x1, b.x1)) * (max(a.y2, b.y2) - min(a.y1, b.y1))
        return w * h / union - (around - union) / around
    }
}
