/// What accumulation needs of some images: for every detection, at which thresholds it was right or does not
/// count.
///
/// Ranks make records of their own images; together they give what one process would have found.
package struct EvaluationRecords: Sendable {
    /// One image and category with ground truth or detections.
    struct Pair: Sendable {
        /// Positions among the evaluated images and categories.
        let image: Int32
        let category: Int32
        /// Its detections' scores begin here and descend.
        let start: Int
        let detectionCount: Int32
    }

    struct ImageCounts: Sendable {
        let image: Int32
        var detections: Int32 = 0
        var unknownCategory: Int32 = 0
        var malformed: Int32 = 0
    }

    /// Number of size bins.
    let areaCount: Int
    /// The images these records cover, with or without pairs.
    var images: [ImageCounts] = []
    var pairs: [Pair] = []
    /// Objects that have to be found, by pair and size bin.
    var positives: [Int32] = []
    var scores: [Double] = []
    /// A bit for each threshold at which the detection matched an object: by pair, size bin, detection. A
    /// pair's bits begin at `areaCount * start`.
    var matched: [UInt16] = []
    /// A bit for each threshold at which the detection counts neither as right nor as wrong; laid out as
    /// `matched`.
    var ignored: [UInt16] = []
    /// Detections of images that are not evaluated.
    var unknownImageCount = 0

    /// Adds records of other images behind these.
    mutating func append(_ other: EvaluationRecords) {
        precondition(areaCount == other.areaCount, "\(areaCount) and \(other.areaCount) size bins")
        let offset = scores.count
        pairs += other.pairs.map {
            Pair(
                image: $0.image, category: $0.category, start: $0.start + offset,
                detectionCount: $0.detectionCount)
        }
        images += other.images
        positives += other.positives
        scores += other.scores
        matched += other.matched
        ignored += other.ignored
        unknownImageCount += other.unknownImageCount
    }
}
