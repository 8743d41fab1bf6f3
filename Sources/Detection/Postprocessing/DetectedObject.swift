package import DetectionData

/// One found object.
package struct DetectedObject: Sendable {
    package let box: Box
    package let score: Float
    /// Contiguous class index, 0..<K.
    package let label: Int32
    /// The pixels found, of the image's own size; nil where the detector finds boxes alone.
    package let mask: RLEMask?

    package init(box: Box, score: Float, label: Int32, mask: RLEMask? = nil) {
        (self.box, self.score, self.label, self.mask) = (box, score, label, mask)
    }
}
