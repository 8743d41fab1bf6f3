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

    /// What overlaps.
    package enum Kind: String, Sendable, CaseIterable {
        case bbox
        /// Masks; an object's size is its mask's.
        case segm
    }

    /// Whose rules.
    package enum Style: String, Sendable, CaseIterable {
        case coco
        /// Of an image whose objects were looked for by some categories only, detections of others do not count; there
        /// are no crowds, and the limit of detections is one for an image.
        case lvis
        /// PASCAL VOC's, with precision read at 11 recalls.
        case voc07
        /// PASCAL VOC's, with the area under the curve.
        case voc12

        package var isVOC: Bool { self == .voc07 || self == .voc12 }
    }

    package var kind: Kind = .bbox
    package var style: Style = .coco
    /// Overlaps at which a detection counts as found, T of them, at most 16.
    package var iouThresholds: [Double]
    /// Recalls at which precision is read, R of them, ascending.
    package var recallPoints: [Double]
    /// Size bins, A of them; the first one covers everything and gives the figures without a size.
    package var areaRanges: [AreaRange]
    /// Most detections taken of one image and category, M of them, ascending: three; one, of the whole image, for LVIS;
    /// one that is never reached for VOC.
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
    /// Rounds corners to tenths and scores to thousandths, as Detectron2's files for the VOC scripts do; it makes ties.
    package var roundsAsDetectron2 = false

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

    /// The parameters of the LVIS challenge.
    package static let lvis: EvaluationParameters = {
        var parameters = coco
        parameters.style = .lvis
        parameters.maxDetections = [300]
        return parameters
    }()

    /// PASCAL VOC's rules at ten overlaps; `voc07` or `voc12`.
    package static func voc(_ style: Style) -> EvaluationParameters {
        precondition(style.isVOC, "\(style) is not one of VOC's")
        var parameters = coco
        parameters.style = style
        parameters.iouThresholds = (0..<10).map { Double(50 + 5 * $0) / 100 }
        parameters.areaRanges = [AreaRange(name: "all", lower: -.infinity, upper: .infinity)]
        parameters.maxDetections = [Int(Int32.max)]
        return parameters
    }

    /// The parameters that a style begins with.
    package static func of(_ style: Style) -> EvaluationParameters {
        switch style {
        case .coco: coco
        case .lvis: lvis
        case .voc07, .voc12: voc(style)
        }
    }

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
        let limitCount = style == .coco ? 3 : 1
        guard maxDetections.count == limitCount,
            maxDetections.allSatisfy({ (1...Int(Int32.max)).contains($0) })
        else {
            throw DataError(
                .usage, "limits of detections \(maxDetections) must be \(limitCount) numbers above 0",
                hint: style == .coco ? "as in 1,10,100" : nil)
        }
        guard !style.isVOC || kind == .bbox else {
            throw DataError(.usage, "\(style.rawValue) compares boxes, not masks", hint: "use style coco")
        }
        guard style == .coco || usesCategories else {
            throw DataError(.usage, "\(style.rawValue) keeps categories apart")
        }
        let names = style.isVOC ? ["all"] : ["all", "small", "medium", "large"]
        precondition(areaRanges.map(\.name) == names, "the summary names these bins")
        var copy = self
        copy.maxDetections.sort()
        return copy
    }
}
