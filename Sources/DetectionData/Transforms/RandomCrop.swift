package import Randomness

/// Cuts a window out of the image, and what is left of the boxes out of theirs; a box keeps its place in the list while
/// anything of it is left.
///
/// Draws height and width, where they are not fixed, then the window's top and left, anew while it holds no box.
/// - Source: mmdetection 2.x `RandomCrop`, its `recompute_bbox` included; differs: that one leaves the image out where a
///   window holds no box, this one draws up to `attempts` windows and then lays one around the centre of a box.
package struct RandomCrop: Transform {
    private let sides: ClosedRange<Int>
    private let keepsABox: Bool
    private let fitsOutlines: Bool
    private static let attempts = 16

    /// - sides: pixels, each equally likely, and no more than the image has.
    /// - keepsABox: whether a window of an image with boxes must hold part of one.
    /// - fitsOutlines: whether boxes become those of the pixels that their outlines have in the window, where a sample has
    ///   outlines. One whose outline is not seen goes.
    package init(sides: ClosedRange<Int>, keepsABox: Bool, fitsOutlines: Bool = false) {
        precondition(sides.lowerBound > 0, "sides \(sides)")
        (self.sides, self.keepsABox, self.fitsOutlines) = (sides, keepsABox, fitsOutlines)
    }

    package func apply(to sample: inout Sample, random: inout RandomSource) {
        cut(&sample, &random)
        if fitsOutlines, !sample.masks.isEmpty { sample.fitBoxesToOutlines() }
    }

    private func cut(_ sample: inout Sample, _ random: inout RandomSource) {
        let height = draw(sample.image.height, &random)
        let width = draw(sample.image.width, &random)
        let (rows, columns) = (sample.image.height - height, sample.image.width - width)
        var place = (x: 0, y: 0)
        for _ in 0..<Self.attempts {
            place.y = rows > 0 ? random.integer(in: 0...rows) : 0
            place.x = columns > 0 ? random.integer(in: 0...columns) : 0
            if !keepsABox || sample.boxes.isEmpty || sample.holdsABox(place, width: width, height: height) {
                sample.crop(x: place.x, y: place.y, width: width, height: height)
                return
            }
        }
        let box = sample.boxes[random.integer(in: 0...(sample.boxes.count - 1))]
        place.x = min(max(Int((box.x1 + box.x2) / 2) - width / 2, 0), columns)
        place.y = min(max(Int((box.y1 + box.y2) / 2) - height / 2, 0), rows)
        sample.crop(x: place.x, y: place.y, width: width, height: height)
    }

    private func draw(_ extent: Int, _ random: inout RandomSource) -> Int {
        let (low, high) = (min(extent, sides.lowerBound), min(extent, sides.upperBound))
        return low < high ? random.integer(in: low...high) : low
    }
}

extension Sample {
    fileprivate func holdsABox(_ place: (x: Int, y: Int), width: Int, height: Int) -> Bool {
        boxes.contains { box in
            min(box.x2, Float(place.x + width)) > max(box.x1, Float(place.x))
                && min(box.y2, Float(place.y + height)) > max(box.y1, Float(place.y))
        }
    }

    /// Lays each box around what is seen of its outline.
    fileprivate mutating func fitBoxesToOutlines() {
        let grid = OutlineGrid(self, width: image.width, height: image.height)
        boxes = boxIDs.map { grid.placed(masks[Int($0)]).boundingBox }
        keepBoxes { $0.width > 0 && $0.height > 0 }
    }

    /// Keeps a window of the image, in its pixels. Stands before a flip and before padding.
    mutating func crop(x: Int, y: Int, width: Int, height: Int) {
        precondition(
            validWidth == image.width && validHeight == image.height && !flipped && reduction == 1,
            "a padded, mirrored or reduced image is cropped")
        precondition(
            x >= 0 && y >= 0 && width > 0 && height > 0 && x + width <= image.width
                && y + height <= image.height,
            "window \(width)x\(height) at \(x), \(y) of \(image.width)x\(image.height)")
        let before =
            pictureCrop ?? PictureCrop(x: 0, y: 0, width: Double(image.width), height: Double(image.height))
        pictureCrop = PictureCrop(
            x: before.x + Double(x), y: before.y + Double(y), width: before.width, height: before.height)
        image = image.window(x: x, y: y, width: width, height: height)
        (validWidth, validHeight) = (width, height)
        let (dx, dy) = (Float(x), Float(y))
        boxes = boxes.map { box in
            Box(x1: box.x1 - dx, y1: box.y1 - dy, x2: box.x2 - dx, y2: box.y2 - dy)
                .clipped(width: Float(width), height: Float(height))
        }
        keepBoxes { $0.width > 0 && $0.height > 0 }
    }
}

extension Image {
    fileprivate func window(x: Int, y: Int, width: Int, height: Int) -> Image {
        var cut: [UInt8] = []
        cut.reserveCapacity(width * height * 3)
        for row in y..<(y + height) {
            let start = (row * self.width + x) * 3
            cut += pixels[start..<(start + width * 3)]
        }
        return Image(width: width, height: height, pixels: cut)
    }
}
