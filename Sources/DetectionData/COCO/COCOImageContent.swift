/// The boxes of many images in one flat list, image after image, in file order within an image: proposal files hold
/// tens of millions.
struct COCOImageContent: Sendable {
    let boxes: [Box]
    let labels: [Int32]
    /// One per box where outlines are needed, else none at all.
    private let masks: [Segmentation]
    /// Image i owns `starts[i]..<starts[i + 1]`.
    let starts: [Int]

    var boxCount: Int { boxes.count }

    func boxes(of image: Int) -> ArraySlice<Box> { boxes[starts[image]..<starts[image + 1]] }

    private func labels(of image: Int) -> ArraySlice<Int32> { labels[starts[image]..<starts[image + 1]] }

    private func masks(of image: Int) -> ArraySlice<Segmentation> {
        masks.isEmpty ? [] : masks[starts[image]..<starts[image + 1]]
    }

    /// Outlines in the order of the boxes, one behind the other, and where each begins and the last ends; nothing where
    /// none were asked for.
    func outlineWords() -> (starts: [Int64], words: [UInt64]) {
        guard !masks.isEmpty else { return ([], []) }
        var (starts, words): ([Int64], [UInt64]) = ([0], [])
        starts.reserveCapacity(masks.count + 1)
        for mask in masks {
            words += OutlineWords.words(mask)
            starts.append(Int64(words.count))
        }
        return (starts, words)
    }

    /// Applies the loader's rules to every annotation of `images`; what is dropped goes to `report`.
    init(
        _ annotations: COCOAnnotations, images: [COCOAnnotations.ImageRecord], classes: COCOClassList,
        needsMasks: Bool, report: inout DatasetReport
    ) {
        let knownImages = Set(annotations.images.lazy.map(\.id))
        let position = Dictionary(uniqueKeysWithValues: images.indices.lazy.map { (images[$0].id, $0) })
        let list = annotations.annotations
        // Proposal files number their boxes upwards; a set of tens of millions of ids would cost more than the boxes.
        let isAscending = zip(list, list.dropFirst()).allSatisfy { $0.id < $1.id }
        var seen: Set<Int> = []
        var kept: [(image: Int, box: Box, label: Int32)] = []
        var outlines: [Segmentation] = []
        for annotation in list {
            guard let image = position[annotation.imageID] else {
                if !knownImages.contains(annotation.imageID) {
                    report.note(.unknownImageID, "annotation \(annotation.id): image \(annotation.imageID)")
                }
                continue
            }
            guard isAscending || seen.insert(annotation.id).inserted else {
                report.note(.duplicateAnnotationID, Self.label(annotation, images[image]))
                continue
            }
            guard let label = Self.label(of: annotation, in: images[image], classes: classes, report: &report)
            else { continue }
            if needsMasks {
                guard let outline = annotation.segmentation, Self.fits(outline, images[image]) else {
                    report.note(.unusableMask, Self.label(annotation, images[image]))
                    continue
                }
                outlines.append(outline)
            }
            kept.append((image, Self.corners(annotation), label))
        }
        var starts = [Int](repeating: 0, count: images.count + 1)
        for entry in kept { starts[entry.image + 1] += 1 }
        for image in images.indices { starts[image + 1] += starts[image] }
        var next = starts
        var order = [Int](repeating: 0, count: kept.count)
        for (index, entry) in kept.enumerated() {
            order[next[entry.image]] = index
            next[entry.image] += 1
        }
        boxes = order.map { kept[$0].box }
        labels = order.map { kept[$0].label }
        masks = needsMasks ? order.map { outlines[$0] } : []
        self.starts = starts
    }

    private init(boxes: [Box], labels: [Int32], masks: [Segmentation], starts: [Int]) {
        self.boxes = boxes
        self.labels = labels
        self.masks = masks
        self.starts = starts
    }

    /// The images at `positions` alone, in that order.
    func selecting(_ positions: [Int]) -> COCOImageContent {
        var starts = [0]
        for position in positions { starts.append(starts[starts.count - 1] + boxes(of: position).count) }
        return COCOImageContent(
            boxes: positions.flatMap { boxes(of: $0) }, labels: positions.flatMap { labels(of: $0) },
            masks: positions.flatMap { masks(of: $0) }, starts: starts)
    }

    /// Whether an outline is one of a picture of the image's size.
    private static func fits(_ outline: Segmentation, _ image: COCOAnnotations.ImageRecord) -> Bool {
        guard case .runs(let mask) = outline else { return true }
        return mask.width == image.width && mask.height == image.height
    }

    /// The label of an annotation that is kept; nil, and noted, where a rule or a defect drops it.
    private static func label(
        of annotation: COCOAnnotations.Annotation, in image: COCOAnnotations.ImageRecord,
        classes: COCOClassList,
        report: inout DatasetReport
    ) -> Int32? {
        let box = annotation.bbox
        guard classes.knownIDs.contains(annotation.categoryID) else {
            report.note(.unknownCategoryID, "\(label(annotation, image)): category \(annotation.categoryID)")
            return nil
        }
        guard box.x.isFinite, box.y.isFinite, box.width.isFinite, box.height.isFinite,
            annotation.area.isFinite
        else {
            report.note(.nonFiniteBox, boxLabel(annotation, image))
            return nil
        }
        if annotation.ignore {
            report.exclude(.ignored)
            return nil
        }
        if annotation.isCrowd {
            report.exclude(.crowd)
            return nil
        }
        guard let label = classes.labels[annotation.categoryID] else {
            report.exclude(.otherClass)
            return nil
        }
        guard box.width > 0, box.height > 0, annotation.area > 0 else {
            report.note(.emptyBox, boxLabel(annotation, image))
            return nil
        }
        let shared = (
            width: min(box.x + box.width, Double(image.width)) - max(box.x, 0),
            height: min(box.y + box.height, Double(image.height)) - max(box.y, 0)
        )
        guard shared.width > 0, shared.height > 0 else {
            report.note(
                .boxOutsideImage, "\(boxLabel(annotation, image)) in \(image.width)x\(image.height)")
            return nil
        }
        guard box.width >= 1, box.height >= 1 else {
            report.exclude(.underOnePixel)
            return nil
        }
        return label
    }

    /// Corners, added up in double precision and rounded once.
    private static func corners(_ annotation: COCOAnnotations.Annotation) -> Box {
        let box = annotation.bbox
        return Box(
            x1: Float(box.x), y1: Float(box.y), x2: Float(box.x + box.width), y2: Float(box.y + box.height))
    }

    private static func label(
        _ annotation: COCOAnnotations.Annotation, _ image: COCOAnnotations.ImageRecord
    ) -> String { "annotation \(annotation.id) of \(image.label)" }

    private static func boxLabel(
        _ annotation: COCOAnnotations.Annotation, _ image: COCOAnnotations.ImageRecord
    ) -> String {
        let box = annotation.bbox
        return "\(label(annotation, image)): bbox [\(box.x), \(box.y), \(box.width), \(box.height)]"
            + (annotation.area > 0 ? "" : ", area \(annotation.area)")
    }
}
