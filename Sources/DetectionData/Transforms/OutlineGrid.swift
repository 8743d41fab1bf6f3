/// Where the pixels of an image lie in the outlines of its file's picture, which was resized, cut and mirrored since.
///
/// Every pixel takes the nearest one of the picture.
/// - Source: mmdetection 2.x `BitmapMasks`, `rescale` (nearest), `crop` and `flip`.
struct OutlineGrid {
    private let width: Int
    private let height: Int
    private let pictureWidth: Int
    private let pictureHeight: Int
    /// The picture's column of each of the image's.
    private let columns: [Int]
    /// The first of the image's rows that shows the picture's row of this number or a later one.
    private let firstRows: [Int]

    /// - width, height: of the image that outlines are wanted for; `sample`'s is its top left corner.
    init(_ sample: Sample, width: Int, height: Int) {
        (self.width, self.height) = (width, height)
        (pictureWidth, pictureHeight) = (sample.originalWidth, sample.originalHeight)
        let (shownWidth, shownHeight) = (sample.validWidth, sample.validHeight)
        let crop =
            sample.pictureCrop
            ?? PictureCrop(x: 0, y: 0, width: Double(shownWidth), height: Double(shownHeight))
        func nearest(_ place: Double, of size: Double, in count: Int) -> Int {
            min(Int(place * (Double(count) / size)), count - 1)
        }
        columns = (0..<shownWidth).map { x in
            nearest(
                Double(sample.flipped ? shownWidth - 1 - x : x) + crop.x, of: crop.width,
                in: sample.originalWidth)
        }
        var firstRows = [Int](repeating: shownHeight, count: sample.originalHeight + 1)
        for y in (0..<shownHeight).reversed() {
            firstRows[nearest(Double(y) + crop.y, of: crop.height, in: sample.originalHeight)] = y
        }
        for row in (0..<sample.originalHeight).reversed() {
            firstRows[row] = min(firstRows[row], firstRows[row + 1])
        }
        self.firstRows = firstRows
    }

    /// An outline in the image's pixels.
    func placed(_ outline: Segmentation) -> RLEMask {
        let ends = outline.mask(width: pictureWidth, height: pictureHeight).boundaries.map { Int($0) }
        var (counts, position): ([UInt32], Int) = ([], 0)
        for (x, column) in columns.enumerated() {
            let (top, bottom) = (column * pictureHeight, (column + 1) * pictureHeight)
            var i = Self.firstRun(ends, endingBehind: top)
            while i < ends.count, ends[i] < bottom {
                let first = firstRows[max(ends[i], top) - top] + x * height
                let end = firstRows[min(ends[i + 1], bottom) - top] + x * height
                i += 2
                guard first < end else { continue }
                if first == position, !counts.isEmpty {
                    counts[counts.count - 1] += UInt32(end - first)
                } else {
                    counts += [UInt32(first - position), UInt32(end - first)]
                }
                position = end
            }
        }
        if position < width * height { counts.append(UInt32(width * height - position)) }
        return RLEMask(width: width, height: height, counts: counts)
    }

    /// Position in `ends`, which ascend two by two, of the first run that ends behind `place`.
    private static func firstRun(_ ends: [Int], endingBehind place: Int) -> Int {
        var (low, high) = (0, ends.count / 2)
        while low < high {
            let middle = (low + high) / 2
            if ends[2 * middle + 1] > place { high = middle } else { low = middle + 1 }
        }
        return 2 * low
    }
}
