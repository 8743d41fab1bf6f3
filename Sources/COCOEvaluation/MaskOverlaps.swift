import DetectionData

/// How much masks of detections and objects overlap, one image and category after another.
struct MaskOverlaps {
    /// An object's mask: where its pixels begin and end in column order, how many they are, and the box around them.
    private struct Outline {
        let boundaries: [UInt32]
        let area: Int
        let box: Box
    }

    private let truth: GroundTruthTable
    private let masks: MaskTexts
    private var outlines: [Outline] = []
    /// The detection at hand.
    private var boundaries: [UInt32] = []

    init(_ truth: GroundTruthTable, _ masks: MaskTexts) {
        (self.truth, self.masks) = (truth, masks)
    }

    /// Adds D x G overlaps, detections outermost.
    /// - lowest: an overlap that cannot reach it is given as 0.
    mutating func measure(
        _ image: Int, _ objects: ArraySlice<GroundTruth>, _ detections: ArraySlice<Candidate>, lowest: Double,
        into overlaps: inout [Double]
    ) {
        guard !detections.isEmpty else { return }
        outlines.removeAll(keepingCapacity: true)
        let size = truth.imageSizes[image]
        for object in objects {
            let mask = truth.outlines[Int(object.outline)].mask(width: size.width, height: size.height)
            outlines.append(Outline(boundaries: mask.boundaries, area: mask.area, box: mask.boundingBox))
        }
        for detection in detections {
            let entry = masks.entries[Int(detection.index)]
            var count: Int?
            for (object, outline) in zip(objects, outlines) {
                let most = Self.mostShared(entry, outline)
                guard most > 0,
                    !(Self.overlap(most, entry.area, outline.area, isCrowd: object.isCrowd) < lowest)
                else {
                    overlaps.append(0)
                    continue
                }
                let known = count ?? masks.boundaries(at: Int(detection.index), into: &boundaries)
                count = known
                let shared = Self.shared(boundaries, known, outline.boundaries)
                overlaps.append(
                    shared == 0 ? 0 : Self.overlap(shared, entry.area, outline.area, isCrowd: object.isCrowd))
            }
        }
    }

    /// Intersection over union, or over the detection's own area where the object is a crowd.
    private static func overlap(_ shared: Int, _ detection: Int, _ object: Int, isCrowd: Bool) -> Double {
        Double(shared) / Double(isCrowd ? detection : detection + object - shared)
    }

    /// More pixels than these two cannot share, by their boxes and sizes. Overlaps grow with what is shared, also after
    /// rounding, so a bound too low for a threshold spares counting.
    private static func mostShared(_ entry: MaskTexts.Entry, _ outline: Outline) -> Int {
        let box = outline.box
        let width = min(Int(entry.box.x + entry.box.width), Int(box.x2)) - max(Int(entry.box.x), Int(box.x1))
        let height =
            min(Int(entry.box.y + entry.box.height), Int(box.y2)) - max(Int(entry.box.y), Int(box.y1))
        return width <= 0 || height <= 0 ? 0 : min(width * height, entry.area, outline.area)
    }

    /// How many pixels two lists of beginnings and ends have in common.
    private static func shared(_ first: [UInt32], _ firstCount: Int, _ second: [UInt32]) -> Int {
        first.withUnsafeBufferPointer { first in
            second.withUnsafeBufferPointer { second in
                var (i, j, shared) = (0, 0, 0)
                while i < firstCount, j < second.count {
                    let (firstEnd, secondEnd) = (first[i &+ 1], second[j &+ 1])
                    let (start, end) = (max(first[i], second[j]), min(firstEnd, secondEnd))
                    if start < end { shared &+= Int(end &- start) }
                    // Branches here would be guessed wrong half the time.
                    i &+= firstEnd <= secondEnd ? 2 : 0
                    j &+= secondEnd <= firstEnd ? 2 : 0
                }
                return shared
            }
        }
    }
}
