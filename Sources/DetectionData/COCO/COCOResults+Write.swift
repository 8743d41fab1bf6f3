extension COCOResults {
    /// What a file goes without.
    package enum Omission: Sendable {
        case nothing
        /// For the scoring of masks: others size objects by their boxes where there are any.
        case boxes
        case masks
    }

    /// Writes the list so that `read(path:)` gives the same doubles back, whole or not at all.
    ///
    /// - Throws: `DataError(.badInput)` naming the image with a detection that is not finite, `.output`
    ///   from the disk.
    package func write(path: String, omitting omission: Omission = .nothing) throws(DataError) {
        var writer = JSONWriter(reservingByteCount: 144 * detections.count)
        writer.beginArray()
        for (index, detection) in detections.enumerated() {
            guard detection.isFinite else {
                let place = "detection entry \(index), in image \(detection.imageID),"
                throw DataError(.badInput, "\(path): \(place) has a box or score that is not finite")
            }
            writer.beginObject()
            writer.key("image_id")
            writer.value(detection.imageID)
            writer.key("category_id")
            writer.value(detection.categoryID)
            if omission != .boxes {
                let box = detection.bbox
                writer.key("bbox")
                writer.values([box.x, box.y, box.width, box.height])
            }
            writer.key("score")
            writer.value(detection.score)
            if omission != .masks, let mask = masks.mask(at: index) { writer.segmentation(mask) }
            writer.endObject()
        }
        writer.endArray()
        try writer.write(path: path)
    }
}

extension JSONWriter {
    /// `"segmentation": {"size": [height, width], "counts": "..."}`.
    package mutating func segmentation(_ mask: RLEMask) {
        key("segmentation")
        beginObject()
        key("size")
        beginArray()
        value(mask.height)
        value(mask.width)
        endArray()
        key("counts")
        value(mask.text)
        endObject()
    }
}
