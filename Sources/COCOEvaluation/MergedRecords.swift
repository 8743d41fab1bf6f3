import DetectionData

/// Records of all images, each image once, ordered for accumulation.
struct MergedRecords: Sendable {
    /// A pair in one of the parts.
    struct Reference: Sendable {
        let image: Int32
        let part: Int32
        let pair: Int32
    }

    let parts: [EvaluationRecords]
    /// By category, then image.
    let references: [Reference]
    /// Where each category's references begin, and the end.
    let starts: [Int]
    let counts: EvaluationSummary.Counts

    /// - Parameter categoryCount: categories that are kept apart.
    init(
        _ parts: [EvaluationRecords], _ truth: GroundTruthTable, categoryCount: Int
    ) throws(DataError) {
        var owners = [Int32](repeating: -1, count: truth.images.count)
        var counts = EvaluationSummary.Counts(
            images: truth.images.count, annotations: truth.objects.count,
            droppedAnnotations: truth.droppedCount)
        for (part, records) in parts.enumerated() {
            counts.droppedUnknownImage += records.unknownImageCount
            for image in records.images where owners[Int(image.image)] < 0 {
                owners[Int(image.image)] = Int32(part)
                counts.detections += Int(image.detections)
                counts.droppedUnknownCategory += Int(image.unknownCategory)
                counts.droppedMalformed += Int(image.malformed)
            }
        }
        if let missing = owners.firstIndex(of: -1) {
            throw DataError(
                .badInput, "image \(truth.images.ids[missing]) was looked at by no rank",
                hint: "an image left out would raise the score")
        }

        var starts = [Int](repeating: 0, count: categoryCount + 1)
        for (part, records) in parts.enumerated() {
            for pair in records.pairs where owners[Int(pair.image)] == part {
                starts[Int(pair.category) + 1] += 1
            }
        }
        for category in 0..<categoryCount { starts[category + 1] += starts[category] }
        var next = starts
        var references = [Reference](
            repeating: Reference(image: 0, part: 0, pair: 0), count: starts[categoryCount])
        for (part, records) in parts.enumerated() {
            for (index, pair) in records.pairs.enumerated() where owners[Int(pair.image)] == part {
                let category = Int(pair.category)
                references[next[category]] = Reference(
                    image: pair.image, part: Int32(part), pair: Int32(index))
                next[category] += 1
            }
        }
        if parts.count > 1 {
            for category in 0..<categoryCount {
                references[starts[category]..<starts[category + 1]].sort { $0.image < $1.image }
            }
        }
        self.parts = parts
        self.references = references
        self.starts = starts
        self.counts = counts
    }
}
