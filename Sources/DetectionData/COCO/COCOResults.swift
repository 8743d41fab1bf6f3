/// Detections of boxes in COCO's results format, in the order of the file, which decides between equal
/// scores.
package struct COCOResults: Sendable {
    package struct Detection: Sendable {
        package let imageID: Int
        package let categoryID: Int
        /// x, y, width, height in the image's own pixels.
        package let bbox: (x: Double, y: Double, width: Double, height: Double)
        package let score: Double
        /// The pixels found, of the image's own size; nil where boxes alone are.
        package let mask: RLEMask?

        package init(
            imageID: Int, categoryID: Int, bbox: (x: Double, y: Double, width: Double, height: Double),
            score: Double, mask: RLEMask? = nil
        ) {
            self.imageID = imageID
            self.categoryID = categoryID
            self.bbox = bbox
            self.score = score
            self.mask = mask
        }

        /// Whether every number is one.
        package var isFinite: Bool {
            bbox.x.isFinite && bbox.y.isFinite && bbox.width.isFinite && bbox.height.isFinite
                && score.isFinite
        }
    }

    package var detections: [Detection]
    /// What messages call this list: the file it was read from.
    package let source: String

    package init(detections: [Detection], source: String = "results") {
        self.detections = detections
        self.source = source
    }
}
