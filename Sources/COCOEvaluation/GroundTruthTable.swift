import DetectionData

/// One object to be found.
struct GroundTruth: Sendable {
    let bbox: (x: Double, y: Double, width: Double, height: Double)
    /// As annotated, which is the area of the mask where there is one; it alone decides the size bin.
    let area: Double
    /// Position of its category.
    let category: Int32
    /// Its overlap is measured against the detection alone, and it takes any number of detections.
    let isCrowd: Bool
    /// It need not be found, and what finds it does not count.
    let isIgnored: Bool
    let hasIDZero: Bool
    /// Position among the outlines; -1 where none are needed.
    let outline: Int32
}

/// The evaluated part of a ground truth, by image and category; apart from the annotations, so that several
/// evaluations can share them.
struct GroundTruthTable: Sendable {
    /// The evaluated images and categories.
    let images: IDIndex
    let categories: IDIndex
    let categoryNames: [String]
    let frequencies: [COCOAnnotations.Category.Frequency?]
    /// By position; 0x0 where the file does not say.
    let imageSizes: [(width: Int, height: Int)]
    /// By position: categories that detections of the image may have besides those of its objects, and those of which
    /// unmatched detections do not count; empty but for LVIS.
    let federated: [FederatedImage]
    let outlines: [Segmentation]
    /// All images of the file, evaluated or not.
    let knownImages: IDIndex
    /// By image, then category, then order in the file.
    let objects: [GroundTruth]
    /// Where each image's objects begin, and the end.
    let starts: [Int]
    let source: String
    /// Annotations left out: of unknown images or categories, not finite, or overwritten by a later one with
    /// their id.
    let droppedCount: Int

    /// LVIS's lists as ascending positions of categories.
    struct FederatedImage: Sendable {
        var negative: [Int32] = []
        var notExhaustive: [Int32] = []
    }

    init(
        _ data: COCOAnnotations, _ parameters: EvaluationParameters, _ strictness: Strictness
    ) throws(DataError) {
        source = data.source
        knownImages = IDIndex(data.images.lazy.map(\.id))
        images = try Self.subset(parameters.imageIDs, of: knownImages, "image", data.source)
        let allCategories = IDIndex(data.categories.lazy.map(\.id))
        let categories = try Self.subset(parameters.categoryIDs, of: allCategories, "category", data.source)
        var names = [String](repeating: "", count: categories.count)
        var frequencies = [COCOAnnotations.Category.Frequency?](repeating: nil, count: categories.count)
        for category in data.categories {
            guard let position = categories.position(of: category.id) else { continue }
            names[position] = category.name
            frequencies[position] = category.frequency
            guard parameters.style != .lvis || category.frequency != nil else {
                throw DataError(
                    .badInput,
                    "\(data.source): category \(category.id) '\(category.name)' has no 'frequency' r, c or f",
                    hint: "is this an LVIS file? --style coco scores others")
            }
        }
        self.categories = categories
        categoryNames = names
        self.frequencies = frequencies
        (imageSizes, federated) = try Self.imageTables(data, parameters, images, categories)

        let overwritten = try Self.overwritten(data, strictness)
        var dropped = overwritten.count
        var entries: [(image: Int, object: GroundTruth)] = []
        var outlines: [Segmentation] = []
        entries.reserveCapacity(data.annotations.count)
        for (index, annotation) in data.annotations.enumerated() where !overwritten.contains(index) {
            guard knownImages.position(of: annotation.imageID) != nil, annotation.isFinite else {
                guard strictness == .lenient else { throw Self.refusal(annotation, data.source) }
                dropped += 1
                continue
            }
            guard allCategories.position(of: annotation.categoryID) != nil else {
                dropped += 1
                continue
            }
            guard let image = images.position(of: annotation.imageID),
                let category = categories.position(of: annotation.categoryID)
            else { continue }
            // LVIS's reference asks for annotations of an area between 0 and infinity.
            if parameters.style == .lvis, annotation.area <= 0 { continue }
            var outline: Int32 = -1
            if parameters.kind == .segm {
                let size = imageSizes[image]
                guard let segmentation = annotation.segmentation, segmentation.fits(size.width, size.height)
                else {
                    guard strictness == .lenient else {
                        throw Self.maskRefusal(annotation, size, data.source)
                    }
                    dropped += 1
                    continue
                }
                outline = Int32(outlines.count)
                outlines.append(segmentation)
            }
            entries.append(
                (
                    image,
                    GroundTruth(annotation, category: category, outline: outline, style: parameters.style)
                ))
        }
        droppedCount = dropped
        self.outlines = outlines

        var starts = [Int](repeating: 0, count: images.count + 1)
        for entry in entries { starts[entry.image + 1] += 1 }
        for image in 0..<images.count { starts[image + 1] += starts[image] }
        self.starts = starts
        let order = entries.indices.sorted { a, b in
            let (x, y) = (entries[a], entries[b])
            return (x.image, x.object.category, a) < (y.image, y.object.category, b)
        }
        objects = order.map { entries[$0].object }
    }

    private static func imageTables(
        _ data: COCOAnnotations, _ parameters: EvaluationParameters, _ images: IDIndex, _ categories: IDIndex
    ) throws(DataError) -> (sizes: [(width: Int, height: Int)], federated: [FederatedImage]) {
        var sizes = [(width: Int, height: Int)](repeating: (0, 0), count: images.count)
        var federated = [FederatedImage](
            repeating: FederatedImage(), count: parameters.style == .lvis ? images.count : 0)
        for image in data.images {
            guard let position = images.position(of: image.id) else { continue }
            sizes[position] = (image.width, image.height)
            guard parameters.kind == .bbox || image.width > 0 && image.height > 0 else {
                throw DataError(.badInput, "\(data.source): image \(image.id) has no size, which masks need")
            }
            guard parameters.kind == .bbox || max(image.width, image.height) <= RLEMask.longestSide else {
                throw DataError(
                    .badInput,
                    "\(data.source): image \(image.id) is declared \(image.width)x\(image.height), more than masks "
                        + "can have, \(RLEMask.longestSide) a side")
            }
            guard parameters.style == .lvis else { continue }
            guard let lists = image.federated else {
                throw DataError(
                    .badInput, "\(data.source): image \(image.id) has no 'neg_category_ids'",
                    hint: "is this an LVIS file? --style coco scores others")
            }
            func positions(_ ids: [Int]) -> [Int32] {
                ids.compactMap { categories.position(of: $0).map { Int32($0) } }.sorted()
            }
            federated[position] = FederatedImage(
                negative: positions(lists.negativeCategoryIDs),
                notExhaustive: positions(lists.notExhaustiveCategoryIDs))
        }
        return (sizes, federated)
    }

    private static func maskRefusal(
        _ annotation: COCOAnnotations.Annotation, _ size: (width: Int, height: Int), _ source: String
    ) -> DataError {
        let fault: String
        if case .runs(let mask)? = annotation.segmentation {
            fault = "is \(mask.width)x\(mask.height), its image \(size.width)x\(size.height)"
        } else {
            fault = "is not there or empty"
        }
        return DataError(
            .badInput,
            "\(source): the mask of annotation \(annotation.id) of image \(annotation.imageID) \(fault)",
            hint: "a lenient evaluation leaves such annotations out")
    }

    private static func subset(
        _ ids: [Int]?, of all: IDIndex, _ noun: String, _ source: String
    ) throws(DataError) -> IDIndex {
        guard let ids else { return all }
        for id in ids where all.position(of: id) == nil {
            throw DataError(.usage, "\(noun) \(id) is to be evaluated, but \(source) does not have it")
        }
        return IDIndex(ids)
    }

    /// Positions of annotations whose id a later one has too.
    private static func overwritten(_ data: COCOAnnotations, _ strictness: Strictness) throws(DataError)
        -> Set<Int>
    {
        let ids = data.annotations.map(\.id)
        let order = ids.indices.sorted { (ids[$0], $0) < (ids[$1], $1) }
        var overwritten: Set<Int> = []
        for (first, second) in zip(order, order.dropFirst()) where ids[first] == ids[second] {
            guard strictness == .lenient else {
                throw DataError(
                    .badInput,
                    "\(data.source): annotation id \(ids[first]) occurs twice (entries \(first) and \(second))",
                    hint: "every annotation needs an id of its own")
            }
            overwritten.insert(first)
        }
        return overwritten
    }

    private static func refusal(_ annotation: COCOAnnotations.Annotation, _ source: String) -> DataError {
        let fault =
            annotation.isFinite
            ? "is of image \(annotation.imageID), which is not listed"
            : "has a box or area that is not finite"
        return DataError(.badInput, "\(source): annotation \(annotation.id) \(fault)")
    }
}

extension GroundTruth {
    fileprivate init(
        _ annotation: COCOAnnotations.Annotation, category: Int, outline: Int32,
        style: EvaluationParameters.Style
    ) {
        // COCO's reference overwrites the flag "ignore" by "iscrowd"; the others know no crowds.
        let isCrowd = style == .coco && annotation.isCrowd
        self.init(
            bbox: annotation.bbox, area: annotation.area, category: Int32(category), isCrowd: isCrowd,
            isIgnored: style == .coco ? isCrowd : annotation.ignore, hasIDZero: annotation.id == 0,
            outline: outline)
    }
}

extension Segmentation {
    fileprivate func fits(_ width: Int, _ height: Int) -> Bool {
        switch self {
        case .polygons(let parts): !parts.isEmpty
        case .runs(let mask): mask.width == width && mask.height == height
        }
    }
}

extension COCOAnnotations.Annotation {
    fileprivate var isFinite: Bool {
        area.isFinite && bbox.x.isFinite && bbox.y.isFinite && bbox.width.isFinite && bbox.height.isFinite
    }
}
