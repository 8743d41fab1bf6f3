extension COCOResults {
    /// Writes the list so that `read(path:)` gives the same doubles back, whole or not at all.
    ///
    /// - Throws: `DataError(.badInput)` naming the image with a detection that is not finite, `.output`
    ///   from the disk.
    package func write(path: String) throws(DataError) {
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
            writer.key("bbox")
            writer.beginArray()
            writer.value(detection.bbox.x)
            writer.value(detection.bbox.y)
            writer.value(detection.bbox.width)
            writer.value(detection.bbox.height)
            writer.endArray()
            writer.key("score")
            writer.value(detection.score)
            if let mask = detection.mask { writer.segmentation(mask) }
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
