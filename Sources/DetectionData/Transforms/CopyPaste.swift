package import Randomness

/// Pastes objects of another image over an image, by their outlines.
/// - Source: Ghiasi et al., "Simple copy-paste", CVPR 2021, as mmdetection 2.x's `CopyPaste` has it. Differs: the box of an
///   object that nothing covers stays as it is.
package struct CopyPaste: Sendable {
    /// Never more objects than this.
    private static let mostObjects = 99
    /// An object that is partly covered stays where no side of its box moved further, in pixels, ...
    private static let mostMoved: Float = 10
    /// ... or more of its pixels than this are left.
    private static let leastPixels = 300

    package init() {}

    /// Pastes a random number of `source`'s objects, each number equally likely, after every other transform but
    /// padding. Both images come to one size first, with black at the right and below. Afterwards outlines are in the
    /// pixels of the image, as if it were the file's own picture, and boxes of covered objects fit what is left.
    /// - Precondition: both have an outline for every box.
    package func paste(_ source: Sample, into target: inout Sample, random: inout RandomSource) {
        let width = max(source.image.width, target.image.width)
        let height = max(source.image.height, target.image.height)
        var source = source
        target.spread(width: width, height: height)
        source.spread(width: width, height: height)
        let count = random.integer(in: 0...min(source.boxes.count, Self.mostObjects))
        let chosen = random.choose(count, from: source.boxes.count)
        guard !chosen.isEmpty else { return }
        let pasted = chosen.map { source.masks[$0].mask(width: width, height: height) }
        let cover = RLEMask.union(pasted)
        target.hideObjects(behind: cover, mostMoved: Self.mostMoved, leastPixels: Self.leastPixels)
        target.boxes += chosen.map { source.boxes[$0] }
        target.labels += chosen.map { source.labels[$0] }
        target.masks += pasted.map { .runs($0) }
        target.boxIDs = target.boxes.indices.map { Int32($0) }
        target.image.copy(cover, of: source.image)
    }
}

extension Sample {
    /// Enlarges the image at the right and below and brings its outlines into its pixels, one per box.
    fileprivate mutating func spread(width: Int, height: Int) {
        precondition(
            validWidth == image.width && validHeight == image.height && reduction == 1,
            "objects are pasted into a padded or reduced image")
        let grid = OutlineGrid(self, width: width, height: height)
        masks = boxIDs.map { id in
            precondition(
                masks.indices.contains(Int(id)), "image \(imageID): box \(id) of \(masks.count) outlines")
            return .runs(grid.placed(masks[Int(id)]))
        }
        boxIDs = boxes.indices.map { Int32($0) }
        image = image.padded(toWidth: width, height: height)
        (validWidth, validHeight, originalWidth, originalHeight) = (width, height, width, height)
        (scaleX, scaleY, flipped, pictureCrop) = (1, 1, false, nil)
    }

    /// Takes what is covered out of the outlines; boxes shrink, and objects go of which too little is left.
    fileprivate mutating func hideObjects(behind cover: RLEMask, mostMoved: Float, leastPixels: Int) {
        var kept: (boxes: [Box], labels: [Int32], masks: [Segmentation]) = ([], [], [])
        for (i, box) in boxes.enumerated() {
            let whole = masks[i].mask(width: image.width, height: image.height)
            let left = whole.subtracting(cover)
            let area = left.area
            let shrunk = area == whole.area ? box : left.boundingBox
            let moves = [shrunk.x1 - box.x1, shrunk.y1 - box.y1, shrunk.x2 - box.x2, shrunk.y2 - box.y2]
            guard area > 0, area > leastPixels || moves.allSatisfy({ abs($0) <= mostMoved }) else { continue }
            kept.boxes.append(shrunk)
            kept.labels.append(labels[i])
            kept.masks.append(.runs(left))
        }
        (boxes, labels, masks) = kept
    }
}

extension Image {
    /// Takes the pixels inside a mask from an image of the same size.
    fileprivate mutating func copy(_ mask: RLEMask, of source: Image) {
        let ends = mask.boundaries
        for i in stride(from: 0, to: ends.count, by: 2) {
            for place in Int(ends[i])..<Int(ends[i + 1]) {
                let pixel = (place % height * width + place / height) * 3
                for channel in pixel..<pixel + 3 { pixels[channel] = source.pixels[channel] }
            }
        }
    }
}
