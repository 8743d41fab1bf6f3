import Foundation
import TestSupport

@testable import DetectionData

/// `Golden/proposals/cases.json`.
struct ProposalCases: Decodable {
    struct Colours: Decodable {
        let rgb: [UInt8], hsv: [UInt8], intensity: [UInt8]
        /// Not rounded.
        let lab: [Float]
    }
    struct Smoothing: Decodable {
        let width: Int, height: Int, sigma: Float, samples: [UInt8], values: [Double]
    }
    struct Segmentation: Decodable { let scale: Float, minimum: Int, labels: [Int32] }
    struct Grouping: Decodable { let measures: [String], boxes: [[Float]] }
    struct Picture: Decodable {
        let width: Int, height: Int, rgb: [UInt8], segmentations: [Segmentation]
        let texture: [Float], colour: [Float], groupings: [Grouping]

        var image: Image { Image(width: width, height: height, pixels: rgb) }

        /// The segmentation that histograms and groupings belong to.
        var map: LabelMap {
            let labels = segmentations[segmentations.count - 1].labels
            return LabelMap(
                width: width, height: height, regionCount: Int(labels.max() ?? -1) + 1, labels: labels)
        }
    }

    let colours: Colours, smoothing: Smoothing, picture: Picture

    static func load() throws -> ProposalCases {
        try JSONDecoder().decode(ProposalCases.self, from: Golden.data("proposals/cases.json"))
    }
}
