/// Looks for everything that makes a proposal file a bad one for a data set.
package struct ProposalCheck {
    private let path: String
    private let images: [COCOAnnotations.ImageRecord]
    private let filter: ProposalFilter?
    private var report: DatasetReport
    /// Boxes that do not lie in their image, and those of them that would if width and height were the other corner.
    private var (strayCount, cornerCount) = (0, 0)

    /// How far a box may reach over its image's edge: some programs count the last pixel in.
    private static let edgeTolerance = 1.0

    /// - Returns: what was found, each kind with its first examples.
    /// - Parameters:
    ///   - images: of the data set.
    ///   - filter: what all boxes should pass; nil for none. A limit counts per image.
    /// - Throws: for a file that is no COCO file.
    package static func report(
        of path: String, against images: [COCOAnnotations.ImageRecord], filter: ProposalFilter?
    ) throws(DataError) -> DatasetReport {
        var check = ProposalCheck(path: path, images: images, filter: filter)
        try check.run()
        return check.report
    }

    private init(path: String, images: [COCOAnnotations.ImageRecord], filter: ProposalFilter?) {
        (self.path, self.images, self.filter) = (path, images, filter)
        report = DatasetReport(source: path)
    }

    private mutating func run() throws(DataError) {
        var scanner = try JSONScanner(path: path, acceptsNonFinite: true)
        let file = try COCOAnnotations.read(&scanner, for: .training)
        if let info = try ProposalFile.info(ofFile: path),
            info.imageListDigest != ProposalFile.digest(of: images)
        {
            report.note(
                .otherImageList,
                "\(info.imageCount) images with digest \(info.imageListDigest), "
                    + "not \(images.count) with \(ProposalFile.digest(of: images))")
        }
        compareImages(file.images)
        compareCategories(file.categories)
        let boxes = compareBoxes(file)
        let listed = Set(file.images.map(\.id))
        for image in images {
            let list = boxes[image.id] ?? []
            if list.isEmpty, listed.contains(image.id) { report.note(.imageWithoutProposals, image.label) }
            compareWithFilter(list, image)
        }
        try checkScores()
        if strayCount > 0, cornerCount * 2 > strayCount {
            report.note(
                .cornerBoxes,
                "\(cornerCount) of \(strayCount) boxes that do not fit would as [x1, y1, x2, y2]")
        }
        report.imageCount = file.images.count
        report.boxCount = file.annotations.count
    }

    private mutating func compareImages(_ listed: [COCOAnnotations.ImageRecord]) {
        let wanted = Dictionary(images.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var seen: Set<Int> = []
        for image in listed {
            guard seen.insert(image.id).inserted else {
                report.note(.duplicateImageID, image.label)
                continue
            }
            guard let original = wanted[image.id] else {
                report.note(.unknownImage, image.label)
                continue
            }
            if image.fileName != original.fileName {
                report.note(.otherImageName, "\(image.label), not \(original.fileName)")
            }
            if image.width != original.width || image.height != original.height {
                report.note(
                    .otherImageSize,
                    "\(image.label): \(image.width)x\(image.height), not \(original.width)x\(original.height)"
                )
            }
        }
        for image in images where !seen.contains(image.id) { report.note(.missingImage, image.label) }
        let common = listed.map(\.id).filter { wanted[$0] != nil }
        let expected = images.map(\.id).filter { seen.contains($0) }
        if common.count == expected.count,
            let place = common.indices.first(where: { common[$0] != expected[$0] })
        {
            report.note(.otherImageOrder, "image \(common[place]) comes where \(expected[place]) should")
        }
    }

    private mutating func compareCategories(_ categories: [COCOAnnotations.Category]) {
        var ids: Set<Int> = []
        for category in categories where !ids.insert(category.id).inserted {
            report.note(.duplicateCategory, "category \(category.id) '\(category.name)'")
        }
    }

    /// - Returns: usable boxes by image, in file order.
    private mutating func compareBoxes(_ file: COCOAnnotations) -> [Int: [(id: Int, box: Box)]] {
        let sizes = Dictionary(
            images.map { ($0.id, (Double($0.width), Double($0.height))) },
            uniquingKeysWith: { first, _ in first })
        let listed = Set(file.images.map(\.id))
        let categories = Set(file.categories.map(\.id))
        var seen: Set<Int> = []
        var boxes: [Int: [(id: Int, box: Box)]] = [:]
        var known: [Int: Set<Box>] = [:]
        for annotation in file.annotations {
            let label = "annotation \(annotation.id) of image \(annotation.imageID)"
            if !seen.insert(annotation.id).inserted { report.note(.duplicateAnnotationID, label) }
            if !listed.contains(annotation.imageID) { report.note(.unknownImageID, label) }
            if !categories.contains(annotation.categoryID) {
                report.note(.unknownCategoryID, "\(label): category \(annotation.categoryID)")
            }
            if annotation.isCrowd || annotation.ignore {
                report.exclude(annotation.isCrowd ? .crowd : .ignored)
                continue
            }
            guard let box = usableBox(annotation, label, sizes[annotation.imageID]) else { continue }
            if !known[annotation.imageID, default: []].insert(box).inserted {
                report.note(.duplicateBox, label)
            }
            boxes[annotation.imageID, default: []].append((annotation.id, box))
        }
        return boxes
    }

    /// The box of an annotation, nil and noted where it is none.
    /// - size: of its image; nil where the data set does not know it.
    private mutating func usableBox(
        _ annotation: COCOAnnotations.Annotation, _ label: String, _ size: (width: Double, height: Double)?
    ) -> Box? {
        let (x, y, width, height) = annotation.bbox
        let text = "\(label): bbox [\(x), \(y), \(width), \(height)]"
        guard [x, y, width, height, annotation.area].allSatisfy({ $0.isFinite }) else {
            report.note(.nonFiniteBox, "\(text), area \(annotation.area)")
            return nil
        }
        guard width > 0, height > 0, annotation.area > 0 else {
            report.note(.emptyBox, "\(text), area \(annotation.area)")
            return nil
        }
        if let size {
            let slack = Self.edgeTolerance
            let isOutside = x >= size.width || y >= size.height || x + width <= 0 || y + height <= 0
            let isBeyond =
                x < -slack || y < -slack || x + width > size.width + slack || y + height > size.height + slack
            if isOutside || isBeyond {
                strayCount += 1
                if width > x, height > y, width <= size.width + slack, height <= size.height + slack {
                    cornerCount += 1
                }
                let place = "\(text) in \(Int(size.width))x\(Int(size.height))"
                report.note(isOutside ? .boxOutsideImage : .boxBeyondEdge, place)
            }
        }
        // Boxes may have been rounded after their area was taken.
        if abs(annotation.area - width * height) > max(width + height + 1, 0.01 * width * height) {
            report.note(.otherArea, "\(text), area \(annotation.area)")
        }
        return Box(x1: Float(x), y1: Float(y), x2: Float(x + width), y2: Float(y + height))
    }

    private mutating func compareWithFilter(
        _ list: [(id: Int, box: Box)], _ image: COCOAnnotations.ImageRecord
    ) {
        guard let filter, !list.isEmpty else { return }
        var kept = filter(list.map(\.box), imageWidth: image.width, imageHeight: image.height)[...]
        for (id, box) in list {
            if kept.first == box {
                kept = kept.dropFirst()
            } else {
                report.note(
                    .boxAgainstFilter,
                    "annotation \(id) of \(image.label): \(box.width)x\(box.height) in \(image.width)x\(image.height)"
                )
            }
        }
    }

    /// Where boxes have scores they should fall within an image: users take the first ones.
    private mutating func checkScores() throws(DataError) {
        var scanner = try JSONScanner(path: path, acceptsNonFinite: true)
        var last: [Int: Double] = [:]
        var rising: Set<Int> = []
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            guard case "annotations" = key else {
                try scanner.skipValue()
                continue
            }
            try scanner.beginArray()
            while try scanner.nextElement() {
                var (image, score): (Int?, Double?)
                try scanner.beginObject()
                while let key = try scanner.nextKey() {
                    switch key {
                    case "image_id": image = try scanner.integer()
                    case "score" where try scanner.kind() == .number: score = try scanner.double()
                    default: try scanner.skipValue()
                    }
                }
                guard let image, let score else { continue }
                if score > last[image] ?? .infinity, rising.insert(image).inserted {
                    report.note(.risingScores, "image \(image): \(score) after \(last[image] ?? 0)")
                }
                last[image] = score
            }
        }
    }
}
