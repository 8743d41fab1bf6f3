/// Boxes that are known before, by image id.
package enum KnownBoxes {
    /// The objects of a COCO file in file order; crowds are left out.
    /// - Throws: naming an annotation whose box cannot be used.
    package static func ofAnnotations(_ path: String) throws(DataError) -> [Int: [Box]] {
        try ofObjects(COCOAnnotations.read(path: path))
    }

    /// The objects of a VOC tree, by the ids that images of the same names have in a list; difficult ones are left out.
    /// - Throws: naming what cannot be read or used.
    package static func ofVOC(
        _ root: String, split: String?, for images: [COCOAnnotations.ImageRecord]
    ) throws(DataError) -> [Int: [Box]] {
        let annotations = try VOCTree(root).annotations(split: split)
        let names = Dictionary(
            annotations.images.map { ($0.fileName, $0.id) }, uniquingKeysWith: { first, _ in first })
        let boxes = try ofObjects(annotations)
        var known: [Int: [Box]] = [:]
        for image in images {
            if let id = names[image.fileName] { known[image.id] = boxes[id] }
        }
        return known
    }

    private static func ofObjects(_ annotations: COCOAnnotations) throws(DataError) -> [Int: [Box]] {
        var boxes: [Int: [Box]] = [:]
        for annotation in annotations.annotations where !annotation.isCrowd && !annotation.ignore {
            let box = try box(annotation.bbox, "\(annotations.source): annotation \(annotation.id)")
            boxes[annotation.imageID, default: []].append(box)
        }
        return boxes
    }

    /// The boxes of a COCO file in file order, or of a results file, best first.
    /// - Throws: where a box is of an image that is not in the list.
    package static func read(
        _ path: String, for images: [COCOAnnotations.ImageRecord]
    ) throws(DataError) -> [Int: [Box]] {
        var scanner = try JSONScanner(path: path)
        let boxes = try scanner.kind() == .array ? ofResults(path) : ofAnnotations(path)
        let ids = Set(images.map(\.id))
        if let stranger = boxes.keys.filter({ !ids.contains($0) }).min() {
            throw DataError(
                .badInput, "\(path): has boxes of image \(stranger), which is not in the data set",
                hint: "file and data set must number their images alike")
        }
        return boxes
    }

    private static func ofResults(_ path: String) throws(DataError) -> [Int: [Box]] {
        let results = try COCOResults.read(path: path)
        var scored: [Int: [(score: Double, box: Box)]] = [:]
        for (index, detection) in results.detections.enumerated() {
            let box = try box(detection.bbox, "\(path): detection \(index)")
            guard detection.score.isFinite else {
                throw DataError(.badInput, "\(path): detection \(index) has the score \(detection.score)")
            }
            scored[detection.imageID, default: []].append((detection.score, box))
        }
        return scored.mapValues { list in
            // Equal scores keep the file's order.
            list.indices.sorted { (-list[$0].score, $0) < (-list[$1].score, $1) }.map { list[$0].box }
        }
    }

    private static func box(
        _ numbers: (x: Double, y: Double, width: Double, height: Double), _ place: String
    ) throws(DataError) -> Box {
        let (x, y, width, height) = numbers
        let corners = [x, y, x + width, y + height].map { Float($0) }
        guard corners.allSatisfy({ $0.isFinite }), width >= 0, height >= 0 else {
            throw DataError(.badInput, "\(place): bbox [\(x), \(y), \(width), \(height)]")
        }
        return Box(x1: corners[0], y1: corners[1], x2: corners[2], y2: corners[3])
    }
}
