package import DetectionData

/// One found object.
package struct DetectedObject: Sendable {
    package let box: Box
    package let score: Float
    /// Contiguous class index, 0..<K.
    package let label: Int32

    package init(box: Box, score: Float, label: Int32) { (self.box, self.score, self.label) = (box, score, label) }
}
