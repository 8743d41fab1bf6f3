import DetectionData

/// One object to be found.
struct GroundTruth: Sendable {
    let bbox: (x: Double, y: Double, width: Double, height: Double)
    /// As annotated, which is the area of the mask where there is one; it alone decides the size bin.
    let area: Double
    /// Position of its category.
    let category: Int32
    let isCrowd: Bool
    let hasIDZero: Bool
}

/// The evaluated part of a ground truth, by image and category; apart from the annotations, so that several
/// evaluations can share them.
struct GroundTruthTable: Sendable {
    /// The evaluated images and categories.
    let images: IDIndex
    let categories: IDIndex
    let categoryNames: [String]
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

    init(
        _ data: COCOAnnotations, _ parameters: EvaluationParameters, _ strictness: Strictness
    ) throws(DataError) {
        source = data.source
        knownImages = IDIndex(data.images.lazy.map(\.id))
        images = try Self.subset(parameters.imageIDs, of: knownImages, "image", data.source)
        let allCategories = IDIndex(data.categories.lazy.map(\.id))
        let categories = try Self.subset(parameters.categoryIDs, of: allCategories, "category", data.source)
        var names = [String](repeating: "", count: categories.count)
        for category in data.categories {
            if let position = categories.position(of: category.id) { names[position] = category.name }
        }
        self.categories = categories
        categoryNames = names

        let overwritten = try Self.overwritten(data, strictness)
        var dropped = overwritten.count
        var entries: [(image: Int, object: GroundTruth)] = []
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
            entries.append((image, GroundTruth(annotation, category: category)))
        }
        droppedCount = dropped

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
    fileprivate init(_ annotation: COCOAnnotations.Annotation, category: Int) {
        self.init(
            bbox: annotation.bbox, area: annotation.area, category: Int32(category),
            isCrowd: annotation.isCrowd,
            hasIDZero: annotation.id == 0)
    }
}

extension COCOAnnotations.Annotation {
    fileprivate var isFinite: Bool {
        area.isFinite && bbox.x.isFinite && bbox.y.isFinite && bbox.width.isFinite && bbox.height.isFinite
    }
}
