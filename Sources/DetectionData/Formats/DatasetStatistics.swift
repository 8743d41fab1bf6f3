internal import Foundation

/// What a data set consists of: images and their sizes, objects by class and by size.
package struct DatasetStatistics {
    package struct Class {
        package let id: Int
        package let name: String
        package fileprivate(set) var boxes = 0
        /// Images with at least one.
        package fileprivate(set) var images = 0
    }

    package let source: String
    package let imageCount: Int
    package private(set) var imagesWithoutBoxes = 0
    package private(set) var boxCount = 0
    package private(set) var crowdCount = 0
    package private(set) var ignoredCount = 0
    /// Of boxes that are neither crowds nor ignored: area below 32 x 32, below 96 x 96, and the others.
    package private(set) var sizes = (small: 0, medium: 0, large: 0)
    /// In ascending order of ids.
    package private(set) var classes: [Class]
    /// Of images: the smallest, the middle and the largest.
    package let widths: (low: Int, middle: Int, high: Int)
    package let heights: (low: Int, middle: Int, high: Int)
    /// Boxes an image: the middle, the highest tenth's least, the most.
    package let boxesPerImage: (middle: Int, ninety: Int, most: Int)

    package init(_ data: COCOAnnotations) {
        source = data.source
        imageCount = data.images.count
        classes = data.categories.sorted { $0.id < $1.id }.map { Class(id: $0.id, name: $0.name) }
        let ids = data.categories.map(\.id).sorted()
        let place = Dictionary(zip(ids, ids.indices), uniquingKeysWith: { first, _ in first })
        var perImage = Dictionary(data.images.map { ($0.id, 0) }, uniquingKeysWith: { first, _ in first })
        var seen: Set<[Int]> = []
        for annotation in data.annotations {
            if annotation.isCrowd { crowdCount += 1 }
            if annotation.ignore { ignoredCount += 1 }
            if annotation.isCrowd || annotation.ignore { continue }
            boxCount += 1
            perImage[annotation.imageID, default: 0] += 1
            switch annotation.area {
            case ..<1024: sizes.small += 1
            case ..<9216: sizes.medium += 1
            default: sizes.large += 1
            }
            guard let k = place[annotation.categoryID] else { continue }
            classes[k].boxes += 1
            if seen.insert([annotation.imageID, k]).inserted { classes[k].images += 1 }
        }
        let counts = perImage.values.sorted()
        imagesWithoutBoxes = counts.count { $0 == 0 }
        boxesPerImage = (Self.quantile(counts, 0.5), Self.quantile(counts, 0.9), counts.last ?? 0)
        widths = Self.spread(data.images.map(\.width))
        heights = Self.spread(data.images.map(\.height))
    }

    private static func quantile(_ sorted: [Int], _ share: Double) -> Int {
        sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]
    }

    private static func spread(_ values: [Int]) -> (low: Int, middle: Int, high: Int) {
        let sorted = values.sorted()
        return (sorted.first ?? 0, quantile(sorted, 0.5), sorted.last ?? 0)
    }

    /// Classes between the lowest and the highest id that have none: labels are no positions then.
    package var missingIDCount: Int { COCOClassList.gapCount(of: classes.map(\.id)) }

    /// Lines of text, a row for each class last.
    package var table: String {
        func row(_ name: String, _ value: String) -> String {
            name.padding(toLength: 24, withPad: " ", startingAt: 0) + value
        }
        var lines = [
            row("source", source), row("images", "\(imageCount), \(imagesWithoutBoxes) without a box"),
            row("widths", "\(widths.low) to \(widths.high), half below \(widths.middle)"),
            row("heights", "\(heights.low) to \(heights.high), half below \(heights.middle)"),
            row("boxes", "\(boxCount), and \(crowdCount) crowds, \(ignoredCount) ignored"),
            row(
                "boxes an image",
                "half below \(boxesPerImage.middle), nine of ten below \(boxesPerImage.ninety), most \(boxesPerImage.most)"
            ),
            row("small, medium, large", "\(sizes.small), \(sizes.medium), \(sizes.large)"),
            row(
                "classes",
                "\(classes.count)" + (missingIDCount > 0 ? ", ids with \(missingIDCount) gaps" : "")),
        ]
        let width = max(12, classes.map(\.name.count).max() ?? 0)
        for one in classes {
            let name = one.name.padding(toLength: width, withPad: " ", startingAt: 0)
            lines.append(
                String(format: "%6d  ", one.id) + name
                    + String(format: "  %8d boxes in %7d images", one.boxes, one.images))
        }
        return lines.joined(separator: "\n")
    }
}
