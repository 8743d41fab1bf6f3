internal import DetectionData
internal import Foundation
internal import Randomness

/// A data set of COCO's make and a detector's results on it, all made up: 640x480, 80 categories, some seven objects an
/// image, one in twenty a crowd; 424,000 detections in 5000 images, equal scores among them.
///
/// An image depends on the seed and its number alone.
struct SyntheticDetections {
    static let categoryCount = 80
    static let (width, height) = (640, 480)
    let annotations: COCOAnnotations
    /// With boxes and masks.
    let results: COCOResults

    init(imageCount: Int, seed: UInt64 = 0) {
        var images: [COCOAnnotations.ImageRecord] = []
        var annotations: [COCOAnnotations.Annotation] = []
        var results = COCOResults(source: "made-up detections")
        for index in 0..<imageCount {
            // Ids with gaps, as COCO's.
            let id = 100 * (index + 1) + index % 7
            images.append(.init(id: id, fileName: "\(id).jpg", width: Self.width, height: Self.height))
            var maker = ImageMaker(id: id, random: RandomSource(seed: seed, sample: index, purpose: .test))
            maker.addObjects(&annotations)
            // 84.8 an image.
            maker.addDetections(count: index % 5 == 0 ? 84 : 85, &results)
        }
        let categories = (1...Self.categoryCount).map { COCOAnnotations.Category(id: $0, name: "kind \($0)") }
        self.annotations = COCOAnnotations(
            images: images, categories: categories, annotations: annotations, source: "made-up objects")
        self.results = results
    }

    /// Files beside each other; the masks' results have no boxes, as pycocotools would size objects by them.
    func write(folder: String) throws {
        try annotations.write(path: "\(folder)/gt.json")
        try results.write(path: "\(folder)/bbox.json", omitting: .masks)
        try results.write(path: "\(folder)/segm.json", omitting: .boxes)
    }
}

/// Objects and detections of one image.
private struct ImageMaker {
    /// A wobbly ellipse.
    private struct Shape {
        var x: Double
        var y: Double
        var width: Double
        var height: Double
        /// Of each corner, as a share of the ellipse's radius.
        var reach: [Double]
        let category: Int

        /// Corners in hundredths of a pixel within the picture.
        var polygon: [Double] {
            reach.enumerated().flatMap { i, reach in
                let angle = 2 * Double.pi * Double(i) / Double(self.reach.count)
                let corner = (x + width / 2 * reach * cos(angle), y + height / 2 * reach * sin(angle))
                return [
                    min(max(corner.0, 0), Double(SyntheticDetections.width)),
                    min(max(corner.1, 0), Double(SyntheticDetections.height)),
                ].map { ($0 * 100).rounded() / 100 }
            }
        }
    }

    let id: Int
    private var random: RandomSource
    private var shapes: [Shape] = []

    init(id: Int, random: RandomSource) {
        (self.id, self.random) = (id, random)
    }

    private mutating func real(_ range: ClosedRange<Double>) -> Double {
        range.lowerBound + (range.upperBound - range.lowerBound) * random.uniformDouble()
    }

    private mutating func shape(category: Int) -> Shape {
        let side = 12 * pow(30, random.uniformDouble())
        let cornerCount = random.integer(in: 8...28)
        return Shape(
            x: real(0...640), y: real(0...480), width: side * real(0.7...1.4), height: side,
            reach: (0..<cornerCount).map { _ in real(0.75...1) }, category: category)
    }

    mutating func addObjects(_ annotations: inout [COCOAnnotations.Annotation]) {
        let categories = (0..<random.integer(in: 1...4)).map { _ in
            // Some kinds are common.
            1 + Int(Double(SyntheticDetections.categoryCount) * pow(random.uniformDouble(), 2))
        }
        for _ in 0..<random.integer(in: 1...14) {
            let shape = shape(category: categories[random.integer(in: 0...categories.count - 1)])
            let polygon = shape.polygon
            let mask = mask(polygon)
            let box = mask.boundingBox
            guard mask.area > 0 else { continue }
            shapes.append(shape)
            let isCrowd = random.bernoulli(0.05)
            annotations.append(
                .init(
                    id: annotations.count + 1, imageID: id, categoryID: shape.category,
                    bbox: (Double(box.x1), Double(box.y1), Double(box.width), Double(box.height)),
                    area: Double(mask.area), isCrowd: isCrowd,
                    segmentation: isCrowd ? .runs(mask) : .polygons([polygon])))
        }
    }

    private func mask(_ polygon: [Double]) -> RLEMask {
        RLEMask(width: SyntheticDetections.width, height: SyntheticDetections.height, polygon: polygon)
    }

    mutating func addDetections(count: Int, _ results: inout COCOResults) {
        for n in 0..<count {
            var shape: Shape
            let isCopy = !shapes.isEmpty && n < 3 * shapes.count
            if isCopy {
                shape = shapes[n % shapes.count]
                let shift = real(0...0.2)
                shape.x += shape.width * shift * real(-1...1)
                shape.y += shape.height * shift * real(-1...1)
                shape.width *= 1 + shift * real(-1...1)
                shape.height *= 1 + shift * real(-1...1)
                shape.reach = shape.reach.map { min(1, $0 * real(0.95...1.05)) }
            } else {
                let own = shapes.isEmpty || random.bernoulli(0.3)
                let category =
                    own
                    ? random.integer(in: 1...SyntheticDetections.categoryCount)
                    : shapes[random.integer(in: 0...shapes.count - 1)].category
                shape = self.shape(category: category)
            }
            let mask = mask(shape.polygon)
            let box = mask.boundingBox
            // Thousandths as a detector's 32 bits have them: equal scores, and many digits.
            let score = Float((isCopy ? real(0.05...1) : real(0...0.6)) * 1000).rounded() / 1000
            func float(_ value: Float, _ noise: Double) -> Double { Double(value + Float(noise)) }
            results.append(
                .init(
                    imageID: id, categoryID: shape.category,
                    bbox: (
                        float(box.x1, real(0...0.9)), float(box.y1, real(0...0.9)),
                        float(box.width, real(0...0.9)),
                        float(box.height, real(0...0.9))
                    ), score: Double(score)), mask: mask)
        }
    }
}
