extension COCOAnnotations {
    /// What a file is read for, which decides what it must hold.
    package enum Use: Sendable {
        /// Images with name and size, categories and annotations.
        case training
        /// Categories and annotations; an image needs no more than its id, and gets an empty name and size 0.
        case scoring
        /// Images with name and size; annotations and categories may be absent, as in files of unlabelled
        /// images.
        case imageList
    }

    /// Reads a COCO instances file; its keys may come in any order, and keys not needed here are skipped.
    ///
    /// An annotation needs `id`, `image_id`, `category_id`, `bbox` and `area`; `iscrowd` and `ignore` are 0
    /// where absent. Ids may be written `1.0`. Whether ids are unique and known is left to the users of the
    /// data.
    /// - acceptsNonFinite: takes Python's `NaN` and `Infinity`, for a check that names their owners.
    /// - withMasks: whether outlines are read too; they take about as much memory as the file.
    /// - Throws: `DataError` naming the file and the place in it.
    package static func read(
        path: String, for use: Use = .training, withMasks: Bool = false, acceptsNonFinite: Bool = false
    ) throws(DataError) -> COCOAnnotations {
        var scanner = try JSONScanner(path: path, acceptsNonFinite: acceptsNonFinite)
        return try read(&scanner, for: use, withMasks: withMasks)
    }

    static func read(
        _ scanner: inout JSONScanner, for use: Use, withMasks: Bool = false
    ) throws(DataError) -> COCOAnnotations {
        if try scanner.kind() == .array {
            throw scanner.failure(
                "expected an object with images, annotations and categories, found a list",
                hint: "a list of detections is a results file, not an annotation file")
        }
        var images: [ImageRecord]?
        var categories: [Category]?
        var annotations: [Annotation]?
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            switch key {
            case "images":
                images = try scanner.list { scanner, i throws(DataError) in try image(&scanner, i, use) }
            case "categories": categories = try scanner.list(category)
            case "annotations":
                annotations = try scanner.list { scanner, i throws(DataError) in
                    try annotation(&scanner, i, withMasks: withMasks)
                }
            default: try scanner.skipValue()
            }
        }
        try scanner.finish()
        guard let images else { throw scanner.missing("images") }
        if use != .imageList, annotations == nil { throw scanner.missing("annotations") }
        if use != .imageList, categories == nil { throw scanner.missing("categories") }
        return COCOAnnotations(
            images: images, categories: categories ?? [], annotations: annotations ?? [], source: scanner.name
        )
    }

    private static func image(_ scanner: inout JSONScanner, _ index: Int, _ use: Use) throws(DataError)
        -> ImageRecord
    {
        let start = scanner.nextOffset()
        var (id, width, height): (Int?, Int?, Int?)
        var (fileName, address): (String?, String?)
        var (negative, notExhaustive): ([Int]?, [Int]?)
        func ids(_ scanner: inout JSONScanner) throws(DataError) -> [Int] {
            try scanner.list { scanner, _ throws(DataError) in try scanner.integer() }
        }
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            switch key {
            case "id": id = try scanner.integer()
            case "width": width = try scanner.integer()
            case "height": height = try scanner.integer()
            case "file_name": fileName = try scanner.string()
            case "coco_url": address = try scanner.string()
            case "neg_category_ids": negative = try ids(&scanner)
            case "not_exhaustive_category_ids": notExhaustive = try ids(&scanner)
            default: try scanner.skipValue()
            }
        }
        let place = Place(noun: "image", id: id, index: index, offset: start)
        guard let id else { throw scanner.missing("id", place) }
        let federated: FederatedLabels? =
            negative == nil && notExhaustive == nil
            ? nil
            : FederatedLabels(
                negativeCategoryIDs: negative ?? [], notExhaustiveCategoryIDs: notExhaustive ?? [])
        // LVIS v1 names no files; its addresses end in COCO's folder and file.
        fileName = fileName ?? address.map { $0.split(separator: "/").suffix(2).joined(separator: "/") }
        if use == .scoring {
            return ImageRecord(
                id: id, fileName: fileName ?? "", width: width ?? 0, height: height ?? 0, federated: federated
            )
        }
        guard let fileName else { throw scanner.missing("file_name", place) }
        guard let width else { throw scanner.missing("width", place) }
        guard let height else { throw scanner.missing("height", place) }
        return ImageRecord(id: id, fileName: fileName, width: width, height: height, federated: federated)
    }

    private static func category(_ scanner: inout JSONScanner, _ index: Int) throws(DataError) -> Category {
        let start = scanner.nextOffset()
        var id: Int?
        var name: String?
        var frequency: Category.Frequency?
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            switch key {
            case "id": id = try scanner.integer()
            case "name": name = try scanner.string()
            case "frequency" where try scanner.kind() == .string:
                frequency = Category.Frequency(rawValue: try scanner.string())
            default: try scanner.skipValue()
            }
        }
        let place = Place(noun: "category", id: id, index: index, offset: start)
        guard let id else { throw scanner.missing("id", place) }
        guard let name else { throw scanner.missing("name", place) }
        return Category(id: id, name: name, frequency: frequency)
    }

    private static func annotation(
        _ scanner: inout JSONScanner, _ index: Int, withMasks: Bool
    ) throws(DataError) -> Annotation {
        let start = scanner.nextOffset()
        var (id, imageID, categoryID): (Int?, Int?, Int?)
        var bbox: (x: Double, y: Double, width: Double, height: Double)?
        var area: Double?
        var (isCrowd, ignore) = (false, false)
        var segmentation: Segmentation?
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            switch key {
            case "id": id = try scanner.integer()
            case "image_id": imageID = try scanner.integer()
            case "category_id": categoryID = try scanner.integer()
            case "bbox": bbox = try scanner.bbox()
            case "area": area = try scanner.double()
            case "iscrowd": isCrowd = try scanner.flag()
            case "ignore", "difficult": ignore = try scanner.flag() || ignore
            case "segmentation" where withMasks: segmentation = try scanner.segmentation()
            default: try scanner.skipValue()
            }
        }
        let place = Place(noun: "annotation", id: id, index: index, offset: start)
        guard let id else { throw scanner.missing("id", place) }
        guard let imageID else { throw scanner.missing("image_id", place) }
        guard let categoryID else { throw scanner.missing("category_id", place) }
        guard let bbox else { throw scanner.missing("bbox", place) }
        guard let area else { throw scanner.missing("area", place) }
        return Annotation(
            id: id, imageID: imageID, categoryID: categoryID, bbox: bbox, area: area, isCrowd: isCrowd,
            ignore: ignore, segmentation: segmentation)
    }
}
