extension COCOAnnotations {
    /// Writes a COCO instances file that `read(path:)` and other COCO readers take, whole or not at all.
    ///
    /// The same data gives the same bytes. `ignore` is written only where set.
    /// - Throws: `DataError(.badInput)` naming the annotation whose numbers are not finite, `.output` from
    ///   the disk.
    package func write(path: String) throws(DataError) {
        var writer = JSONWriter(reservingByteCount: 160 * annotations.count + 100 * images.count)
        writer.beginObject()
        writer.key("images")
        writer.beginArray()
        for image in images {
            writer.beginObject()
            writer.key("id")
            writer.value(image.id)
            writer.key("file_name")
            writer.value(image.fileName)
            writer.key("width")
            writer.value(image.width)
            writer.key("height")
            writer.value(image.height)
            if let federated = image.federated {
                writer.key("neg_category_ids")
                writer.values(federated.negativeCategoryIDs)
                writer.key("not_exhaustive_category_ids")
                writer.values(federated.notExhaustiveCategoryIDs)
            }
            writer.endObject()
        }
        writer.endArray()
        writer.key("annotations")
        writer.beginArray()
        for annotation in annotations { try annotation.write(to: &writer, path: path) }
        writer.endArray()
        writer.key("categories")
        writer.beginArray()
        for category in categories {
            writer.beginObject()
            writer.key("id")
            writer.value(category.id)
            writer.key("name")
            writer.value(category.name)
            if let frequency = category.frequency {
                writer.key("frequency")
                writer.value(frequency.rawValue)
            }
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        try writer.write(path: path)
    }
}

extension COCOAnnotations.Annotation {
    fileprivate func write(to writer: inout JSONWriter, path: String) throws(DataError) {
        let numbers = [bbox.x, bbox.y, bbox.width, bbox.height]
        guard area.isFinite, numbers.allSatisfy(\.isFinite) else {
            throw DataError(
                .badInput, "\(path): annotation \(id) of image \(imageID) has a box that is not finite")
        }
        writer.beginObject()
        writer.key("id")
        writer.value(id)
        writer.key("image_id")
        writer.value(imageID)
        writer.key("category_id")
        writer.value(categoryID)
        writer.key("bbox")
        writer.values(numbers)
        writer.key("area")
        writer.value(area)
        writer.key("iscrowd")
        writer.value(isCrowd ? 1 : 0)
        if ignore {
            writer.key("ignore")
            writer.value(1)
        }
        switch segmentation {
        case .runs(let mask): writer.segmentation(mask)
        case .polygons(let parts):
            writer.key("segmentation")
            writer.beginArray()
            for part in parts { writer.values(part) }
            writer.endArray()
        case nil: break
        }
        writer.endObject()
    }
}
