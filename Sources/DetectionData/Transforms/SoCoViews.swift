internal import Foundation
package import Randomness

/// SoCo's three views of an image and the boxes that two of them share.
///
/// The first view is the whole image; the second and a smaller third one are cuts of their own. The first shares boxes with
/// each of the others, chosen apart. Views are mirrored and coloured independently.
/// - Source: SoCo's released code (`ImageAsymBboxAwareMultiJitter1`). Differs: where two views share no box, both get
///   their whole as one; every draw depends on (seed, epoch, image) alone.
package struct SoCoViews: Sendable {
    /// A box of a view, as shares of its sides; the right and lower ends are the last pixel's, as published.
    package struct ViewBox: Sendable, Equatable {
        package let box: Box
        /// From 1 on, the same in both views.
        package let id: Int32
    }

    /// A part of the image, in its pixels.
    struct Cut: Sendable, Equatable {
        let x: Int
        let y: Int
        let width: Int
        let height: Int
    }

    package struct Views: Sendable {
        /// Whole, cut, small cut.
        package let images: [Image]
        /// First and second view; first and third. Each has as many boxes as asked for, some of them several times.
        package let pairs: [(first: [ViewBox], other: [ViewBox])]
        /// The parts of the image that the views show.
        let cuts: [Cut]
        let mirrored: [Bool]
    }

    private static let aspects: ClosedRange<Double> = 3.0 / 4...4.0 / 3
    private let side: Int
    private let smallSide: Int
    private let leastArea: Double
    private let boxCount: Int

    /// - Parameters:
    ///   - side: of the first two views, pixels; 224 as published.
    ///   - smallSide: of the third; 112.
    ///   - leastArea: of a cut, as a share of the image; 0.5.
    ///   - boxCount: that two views share; 4.
    package init(side: Int = 224, smallSide: Int = 112, leastArea: Double = 0.5, boxCount: Int = 4) {
        precondition(
            side > 0 && smallSide > 0 && boxCount > 0 && leastArea > 0 && leastArea <= 1,
            "views of \(side) and \(smallSide) with \(boxCount) boxes from \(leastArea) on")
        (self.side, self.smallSide, self.leastArea, self.boxCount) = (side, smallSide, leastArea, boxCount)
    }

    /// - sample: as decoded, not reduced, with its proposals.
    package func views(of sample: Sample, random: inout RandomSource) -> Views {
        let (width, height) = (sample.image.width, sample.image.height)
        // The last pixel's place, as SoCo has it.
        let boxes = sample.boxes.map { Box(x1: $0.x1, y1: $0.y1, x2: $0.x2 - 1, y2: $0.y2 - 1) }
        let whole = Cut(x: 0, y: 0, width: width, height: height)
        var (cuts, chosen) = draw(boxes, width, height, &random)
        var threshold = max(boxCount / 2, 1)
        for _ in 1..<5 {
            if chosen.allSatisfy({ $0.count >= threshold }) { break }
            threshold = max(threshold / 2, 1)
            (cuts, chosen) = draw(boxes, width, height, &random)
        }
        let all = [whole] + cuts
        let mirrored = all.map { _ in random.bernoulli(0.5) }
        let pairs = chosen.enumerated().map { j, indices in
            let jittered = indices.map { (jitter(boxes[$0], &random), Int32($0 + 1)) }
            let plain = indices.map { (boxes[$0], Int32($0 + 1)) }
            return shared(
                Self.clip(jittered, to: whole), Self.clip(plain, to: cuts[j]), all[0], cuts[j],
                (mirrored[0], mirrored[j + 1]), &random)
        }
        let sides = [side, side, smallSide]
        let images = all.indices.map { v in
            let cut = all[v]
            var image = PillowResize.bilinear(
                sample.image.cropped(x: cut.x, y: cut.y, width: cut.width, height: cut.height),
                width: sides[v],
                height: sides[v])
            if mirrored[v] { image = image.flippedHorizontally() }
            var view = Sample(image: image, boxes: [], labels: [], boxIDs: [], imageID: sample.imageID)
            Self.colour(isFirst: v == 0).apply(to: &view, random: &random)
            return view.image
        }
        return Views(images: images, pairs: pairs, cuts: all, mirrored: mirrored)
    }

    /// The first view is always blurred and never inverted, the others hardly ever blurred.
    private static func colour(isFirst: Bool) -> Pipeline {
        Pipeline([
            ColourJitter(brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1, probability: 0.8),
            RandomGrey(probability: 0.2), RandomBlur(radii: 0.1...2, probability: isFirst ? 1 : 0.1),
            RandomSolarize(probability: isFirst ? 0 : 0.2),
        ])
    }

    /// Two cuts, and for each the boxes that it shares with the whole.
    private func draw(
        _ boxes: [Box], _ width: Int, _ height: Int, _ random: inout RandomSource
    ) -> (cuts: [Cut], chosen: [[Int]]) {
        var (cuts, chosen): ([Cut], [[Int]]) = ([], [])
        for _ in 0..<2 {
            let cut = self.cut(width, height, &random)
            let candidates = boxes.indices.filter { Self.clip(boxes[$0], to: cut) != nil }
            cuts.append(cut)
            chosen.append(random.choose(boxCount, from: candidates.count).map { candidates[$0] })
        }
        return (cuts, chosen)
    }

    /// A part of random area and shape; the middle of the image where ten draws did not fit.
    private func cut(_ width: Int, _ height: Int, _ random: inout RandomSource) -> Cut {
        for _ in 0..<10 {
            let area = Double(width * height) * (leastArea + (1 - leastArea) * random.uniformDouble())
            let (low, high) = (log(Self.aspects.lowerBound), log(Self.aspects.upperBound))
            let aspect = exp(low + (high - low) * random.uniformDouble())
            let w = Int((area * aspect).squareRoot().rounded(.toNearestOrEven))
            let h = Int((area / aspect).squareRoot().rounded(.toNearestOrEven))
            guard w > 0, w <= width, h > 0, h <= height else { continue }
            let y = random.integer(in: 0...height - h)
            return Cut(x: random.integer(in: 0...width - w), y: y, width: w, height: h)
        }
        let aspect = Double(width) / Double(height)
        var (w, h) = (width, height)
        if aspect < Self.aspects.lowerBound {
            h = min(height, Int((Double(width) / Self.aspects.lowerBound).rounded()))
        }
        if aspect > Self.aspects.upperBound {
            w = min(width, Int((Double(height) * Self.aspects.upperBound).rounded()))
        }
        return Cut(x: (width - w) / 2, y: (height - h) / 2, width: w, height: h)
    }

    /// Moves and stretches half of the boxes by up to a tenth, from their top left corner.
    private func jitter(_ box: Box, _ random: inout RandomSource) -> Box {
        let isMoved = random.bernoulli(0.5)
        let parts = (0..<4).map { _ in random.uniform(in: -0.1...0.1) }
        guard isMoved else { return box }
        let (w, h) = (box.width + 1, box.height + 1)
        let (x, y) = (box.x1 + parts[0] * w, box.y1 + parts[1] * h)
        return Box(x1: x, y1: y, x2: x + w * (1 + parts[2]) - 1, y2: y + h * (1 + parts[3]) - 1)
    }

    private static func clip(_ boxes: [(Box, Int32)], to cut: Cut) -> [(Box, Int32)] {
        boxes.compactMap { box, id in clip(box, to: cut).map { ($0, id) } }
    }

    /// The part of a box in a cut, from the cut's corner; nil where they do not overlap.
    private static func clip(_ box: Box, to cut: Cut) -> Box? {
        let (left, top) = (Float(cut.x), Float(cut.y))
        let (right, bottom) = (left + Float(cut.width - 1), top + Float(cut.height - 1))
        let part = Box(
            x1: max(box.x1, left), y1: max(box.y1, top), x2: min(box.x2, right), y2: min(box.y2, bottom))
        guard part.x2 > part.x1, part.y2 > part.y1 else { return nil }
        return Box(x1: part.x1 - left, y1: part.y1 - top, x2: part.x2 - left, y2: part.y2 - top)
    }

    /// Boxes of both lists, each filled up to `boxCount` by drawing among its own again.
    private func shared(
        _ first: [(Box, Int32)], _ other: [(Box, Int32)], _ firstCut: Cut, _ otherCut: Cut,
        _ mirrored: (Bool, Bool), _ random: inout RandomSource
    ) -> (first: [ViewBox], other: [ViewBox]) {
        let common = Set(first.map(\.1)).intersection(other.map(\.1))
        func filled(_ list: [(Box, Int32)], _ cut: Cut, _ isMirrored: Bool, _ random: inout RandomSource)
            -> [ViewBox]
        {
            var own = list.filter { common.contains($0.1) }
            if own.isEmpty {
                own = [(Box(x1: 0, y1: 0, x2: Float(cut.width - 1), y2: Float(cut.height - 1)), 1)]
            }
            let count = own.count
            while own.count < boxCount { own.append(own[random.integer(in: 0...count - 1)]) }
            return own.map { box, id in
                var share = box.scaled(x: 1 / Float(cut.width), y: 1 / Float(cut.height))
                if isMirrored { share = share.flipped(width: 1) }
                return ViewBox(box: share, id: id)
            }
        }
        return (filled(first, firstCut, mirrored.0, &random), filled(other, otherCut, mirrored.1, &random))
    }
}
