extension COCOResults {
    /// Reads a list `[{"image_id", "category_id", "bbox": [x, y, w, h], "score"}, ...]`; other keys are
    /// skipped.
    ///
    /// - Parameter acceptsNonFinite: takes Python's `NaN` and `Infinity`, for an evaluation that counts and
    ///   drops them.
    /// - Throws: `DataError` naming the file and the place in it.
    package static func read(path: String, acceptsNonFinite: Bool = false) throws(DataError) -> COCOResults {
        var scanner = try JSONScanner(path: path, acceptsNonFinite: acceptsNonFinite)
        return try read(&scanner)
    }

    static func read(_ scanner: inout JSONScanner) throws(DataError) -> COCOResults {
        if try scanner.kind() == .object {
            throw scanner.failure(
                "expected a list of detections, found an object",
                hint: "an object with images and annotations is an annotation file, not a results file")
        }
        var detections: [Detection] = []
        // An entry takes 100 to 160 bytes; reserving too much costs address space only.
        detections.reserveCapacity(scanner.byteCount / 96)
        try scanner.beginArray()
        while try scanner.nextElement() { detections.append(try detection(&scanner, detections.count)) }
        try scanner.finish()
        return COCOResults(detections: detections, source: scanner.name)
    }

    private static func detection(_ scanner: inout JSONScanner, _ index: Int) throws(DataError) -> Detection {
        let start = scanner.nextOffset()
        var (imageID, categoryID): (Int?, Int?)
        var bbox: (x: Double, y: Double, width: Double, height: Double)?
        var score: Double?
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            switch key {
            case "image_id": imageID = try scanner.integer()
            case "category_id": categoryID = try scanner.integer()
            case "bbox": bbox = try scanner.bbox()
            case "score": score = try scanner.double()
            default: try scanner.skipValue()
            }
        }
        let place = Place(noun: "detection", id: nil, index: index, offset: start)
        guard let imageID else { throw scanner.missing("image_id", place) }
        guard let categoryID else { throw scanner.missing("category_id", place) }
        guard let bbox else { throw scanner.missing("bbox", place) }
        guard let score else { throw scanner.missing("score", place) }
        return Detection(imageID: imageID, categoryID: categoryID, bbox: bbox, score: score)
    }
}
