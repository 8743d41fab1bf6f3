/// Detections in COCO's results format, in the order of the file, which decides between equal scores.
package struct COCOResults: Sendable {
    package struct Detection: Sendable {
        package let imageID: Int
        package let categoryID: Int
        /// x, y, width, height in the image's own pixels.
        package let bbox: (x: Double, y: Double, width: Double, height: Double)
        package let score: Double

        package init(
            imageID: Int, categoryID: Int, bbox: (x: Double, y: Double, width: Double, height: Double),
            score: Double
        ) {
            self.imageID = imageID
            self.categoryID = categoryID
            self.bbox = bbox
            self.score = score
        }

        /// Whether every number is one.
        package var isFinite: Bool {
            bbox.x.isFinite && bbox.y.isFinite && bbox.width.isFinite && bbox.height.isFinite
                && score.isFinite
        }
    }

    package private(set) var detections: [Detection]
    /// The pixels found, of the image's own size: one entry per detection, or none at all where boxes alone were found.
    package private(set) var masks = MaskTexts()
    /// What messages call this list: the file it was read from.
    package let source: String

    package init(detections: [Detection] = [], source: String = "results") {
        self.detections = detections
        self.source = source
    }

    /// Adds a detection without a mask.
    package mutating func append(_ detection: Detection) {
        detections.append(detection)
        if !masks.isEmpty { masks.appendNone() }
    }

    package mutating func append(_ detection: Detection, mask: RLEMask) {
        fillMasks()
        detections.append(detection)
        masks.append(mask)
    }

    /// Adds a detection with its mask as run lengths in COCO's text.
    /// - Throws: where the text does not cover `width` x `height` pixels.
    package mutating func append(
        _ detection: Detection, maskText letters: ArraySlice<UInt8>, width: Int, height: Int
    ) throws(DataError) {
        fillMasks()
        try masks.append(letters, width: width, height: height)
        detections.append(detection)
    }

    /// Adds other detections behind these.
    package mutating func append(_ other: COCOResults) {
        if !masks.isEmpty || !other.masks.isEmpty {
            fillMasks()
            if other.masks.isEmpty {
                for _ in other.detections { masks.appendNone() }
            } else {
                masks.append(other.masks)
            }
        }
        detections += other.detections
    }

    mutating func reserve(detections count: Int, maskBytes: Int) {
        detections.reserveCapacity(count)
        if maskBytes > 0 { masks.reserve(entries: count, bytes: maskBytes) }
    }

    /// Says "no mask" for the detections that came before the first with one.
    private mutating func fillMasks() {
        if masks.isEmpty { for _ in detections { masks.appendNone() } }
    }
}
