internal import DetectionData
internal import Tensors

/// Cuts regions out of the outlines of one image's objects.
///
/// An outline is rasterised at the file's own size and brought to the network input's by the nearest pixel, cut and
/// mirrored if the picture was.
/// - Source: mmdetection 2.x `BitmapMasks`: `rescale` (nearest), `flip`, `crop_and_resize` (RoIAlign at scale 1).
struct OutlineCrops {
    private let target: Target
    private let align: RoIAlign
    /// Pixels of objects that were asked for.
    private var pixels: [Int: [UInt8]] = [:]

    init(_ target: Target, align: RoIAlign) { (self.target, self.align) = (target, align) }

    /// Share of each bin of `box` that the object fills.
    /// - object: position of its box in the target.
    mutating func crop(of object: Int, _ box: Box) -> [Float] {
        let mask = mask(of: object)
        let (width, height) = (target.validWidth, target.validHeight)
        // Samples reach one pixel beyond the box.
        let (left, right) = Self.range(box.x1, box.x2, width)
        let (top, bottom) = Self.range(box.y1, box.y2, height)
        let map = Tensor(uninitialized: [1, bottom - top, right - left, 1])
        var p = map.floats
        let crop = target.crop ?? PictureCrop(x: 0, y: 0, width: Double(width), height: Double(height))
        let columns = (left..<right).map { x in
            let place = Double(target.flipped ? width - 1 - x : x) + crop.x
            return Self.nearest(place, of: crop.width, in: target.originalWidth)
        }
        for y in top..<bottom {
            let row =
                Self.nearest(Double(y) + crop.y, of: crop.height, in: target.originalHeight)
                * target.originalWidth
            for column in columns {
                p.pointee = Float(mask[row + column])
                p += 1
            }
        }
        let corners = [box.x1 - Float(left), box.y1 - Float(top), box.x2 - Float(left), box.y2 - Float(top)]
        return Tape(recording: false).roiAlign(
            [Variable(constant: map)], strides: [1],
            RoIAlign.Regions(boxes: Tensor(corners, shape: [1, 4]), images: [0], levels: [0]), align
        ).tensor.values
    }

    private mutating func mask(of object: Int) -> [UInt8] {
        if let known = pixels[object] { return known }
        let place = Int(target.boxIDs[object])
        precondition(target.masks.indices.contains(place), "box \(place) of \(target.masks.count) outlines")
        let made = target.masks[place].mask(width: target.originalWidth, height: target.originalHeight).pixels
        pixels[object] = made
        return made
    }

    private static func range(_ low: Float, _ high: Float, _ size: Int) -> (Int, Int) {
        let first = min(max(Int(low.rounded(.down)) - 2, 0), size - 1)
        return (first, max(min(Int(high.rounded(.up)) + 2, size), first + 1))
    }

    /// OpenCV's nearest pixel.
    private static func nearest(_ place: Double, of size: Double, in source: Int) -> Int {
        min(Int(place * (Double(source) / size)), source - 1)
    }
}
