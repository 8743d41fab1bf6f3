import DetectionData

/// What an evaluation measures.
package struct EvaluationParameters: Sendable, Equatable {
    /// A bin of object sizes in square pixels; both ends belong to it.
    package struct AreaRange: Sendable, Equatable {
        package let name: String
        package let lower: Double
        package let upper: Double

        package init(name: String, lower: Double, upper: Double) {
            (self.name, self.lower, self.upper) = (name, lower, upper)
        }

        /// Written so that an area that is no number is inside, as in the reference.
        func excludes(_ area: Double) -> Bool { area < lower || area > upper }
    }

    /// Overlaps at which a detection counts as found, T of them, at most 16.
    package var iouThresholds: [Double]
    /// Recalls at which precision is read, R of them, ascending.
    package var recallPoints: [Double]
    /// Size bins, A of them; the first one covers everything and gives the figures without a size.
    package var areaRanges: [AreaRange]
    /// Most detections taken of one image and category, M = 3 of them, ascending.
    package var maxDetections: [Int]
    /// False pools all categories into one, for the recall of class-agnostic proposals.
    package var usesCategories: Bool
    /// The images to evaluate; nil for all of the ground truth.
    package var imageIDs: [Int]?
    /// The categories to evaluate; nil for all of the ground truth.
    package var categoryIDs: [Int]?
    /// Counts a detection matched to an annotation whose id is 0 as unmatched, as the reference does by
    /// mistake.
    package var treatsIDZeroAsUnmatched: Bool

    /// The parameters of the COCO detection challenge, with the reference's own doubles.
    package static let coco = EvaluationParameters(
        iouThresholds: ReferenceQuirks.linearSpace(from: 0.5, through: 0.95, count: 10),
        recallPoints: ReferenceQuirks.linearSpace(from: 0, through: 1, count: 101),
        areaRanges: [
            AreaRange(name: "all", lower: 0, upper: 1e10),
            AreaRange(name: "small", lower: 0, upper: 1024),
            AreaRange(name: "medium", lower: 1024, upper: 9216),
            AreaRange(name: "large", lower: 9216, upper: 1e10),
        ],
        maxDetections: [1, 10, 100], usesCategories: true, imageIDs: nil, categoryIDs: nil,
        treatsIDZeroAsUnmatched: false)

    /// These parameters in the order the computation relies on.
    /// - Throws: `DataError(.usage)` for what cannot be computed.
    func checked() throws(DataError) -> EvaluationParameters {
        guard (1...16).contains(iouThresholds.count), iouThresholds.allSatisfy({ $0 > 0 && $0 <= 1 }) else {
            throw DataError(
                .usage, "IoU thresholds \(iouThresholds) must be 1 to 16 numbers above 0 and at most 1")
        }
        guard !recallPoints.isEmpty, recallPoints.allSatisfy({ $0 >= 0 && $0 <= 1 }),
            recallPoints == recallPoints.sorted()
        else { throw DataError(.usage, "recall points must ascend from 0 to 1") }
        guard maxDetections.count == 3, maxDetections.allSatisfy({ (1...Int(Int32.max)).contains($0) }) else {
            throw DataError(
                .usage, "limits of detections \(maxDetections) must be three numbers above 0",
                hint: "as in 1,10,100")
        }
        precondition(
            areaRanges.map(\.name) == ["all", "small", "medium", "large"], "the summary names these bins")
        var copy = self
        copy.maxDetections.sort()
        return copy
    }
}
