import DetectionData

/// One detection of the image at hand.
struct Candidate {
    let bbox: (x: Double, y: Double, width: Double, height: Double)
    let area: Double
    let score: Double
    /// Position of its category.
    let category: Int32
    /// Position in the list of results.
    let index: Int32
}

/// Finds which detections of one image and category are right, size bin by size bin and threshold by
/// threshold.
///
/// T thresholds, A size bins, D detections, G ground truths.
struct Matching {
    private let thresholds: [Double]
    private let areaRanges: [EvaluationParameters.AreaRange]
    private let treatsIDZeroAsUnmatched: Bool
    private let isVOC: Bool
    /// Where masks are compared, not boxes.
    private var masks: MaskOverlaps?
    /// No overlap below it matters.
    private let lowestThreshold: Double
    private let allBits: UInt16

    /// D x G, detections outermost.
    private var overlaps: [Double] = []
    /// Detections with an overlap that may matter, best score first.
    private var contenders: [Int] = []
    /// Ground truths of the current size bin, those that have to be found first.
    private var order: [Int] = []
    private var isTaken: [Bool] = []

    init(_ parameters: EvaluationParameters, masks: MaskOverlaps?) {
        self.masks = masks
        isVOC = parameters.style.isVOC
        thresholds = parameters.iouThresholds.map { min($0, ReferenceQuirks.highestThreshold) }
        areaRanges = parameters.areaRanges
        treatsIDZeroAsUnmatched = parameters.treatsIDZeroAsUnmatched
        lowestThreshold = thresholds.min() ?? 1
        allBits = UInt16((1 << thresholds.count) - 1)
    }

    /// Adds the record of one pair.
    /// - Parameters:
    ///   - objects: in file order.
    ///   - detections: by descending score, cut to the highest limit.
    ///   - ignoresUnmatched: whether detections without an object do not count, whatever their size.
    mutating func match(
        image: Int, category: Int, _ objects: ArraySlice<GroundTruth>, _ detections: ArraySlice<Candidate>,
        ignoresUnmatched: Bool, into records: inout EvaluationRecords
    ) {
        let count = detections.count
        records.pairs.append(
            .init(
                image: Int32(image), category: Int32(category), start: records.scores.count,
                detectionCount: Int32(count)))
        records.scores += detections.lazy.map(\.score)
        measure(image, objects, detections)
        for range in areaRanges {
            let positives = arrange(objects, range)
            records.positives.append(Int32(positives))
            let base = records.matched.count
            records.matched.append(contentsOf: repeatElement(0, count: count))
            records.ignored.append(contentsOf: repeatElement(0, count: count))
            if !contenders.isEmpty {
                for t in thresholds.indices {
                    if isVOC {
                        assignNearest(t, objects, base, &records)
                    } else {
                        assign(t, objects, positives: positives, base, &records)
                    }
                }
            }
            for (d, detection) in detections.enumerated()
            where ignoresUnmatched || range.excludes(detection.area) {
                records.ignored[base + d] |= ~records.matched[base + d] & allBits
            }
        }
    }

    /// Fills `overlaps` and `contenders`.
    private mutating func measure(
        _ image: Int, _ objects: ArraySlice<GroundTruth>, _ detections: ArraySlice<Candidate>
    ) {
        overlaps.removeAll(keepingCapacity: true)
        contenders.removeAll(keepingCapacity: true)
        if objects.isEmpty { return }
        if masks == nil {
            for detection in detections {
                for object in objects {
                    overlaps.append(
                        isVOC
                            ? BoxOverlap.inclusive(detection, object)
                            : BoxOverlap.continuous(detection, object))
                }
            }
        } else {
            masks?.measure(image, objects, detections, lowest: lowestThreshold, into: &overlaps)
        }
        for d in 0..<detections.count {
            let own = overlaps[d * objects.count..<(d + 1) * objects.count]
            if own.contains(where: { !($0 < lowestThreshold) }) { contenders.append(d) }
        }
    }

    /// Fills `order`; returns how many objects have to be found in this size bin.
    private mutating func arrange(_ objects: ArraySlice<GroundTruth>, _ range: EvaluationParameters.AreaRange)
        -> Int
    {
        order.removeAll(keepingCapacity: true)
        for (g, object) in objects.enumerated() where !object.isIgnored && !range.excludes(object.area) {
            order.append(g)
        }
        let positives = order.count
        for (g, object) in objects.enumerated() where object.isIgnored || range.excludes(object.area) {
            order.append(g)
        }
        return positives
    }

    /// Gives each detection, best score first, the free object it overlaps most, at threshold `t`.
    private mutating func assign(
        _ t: Int, _ objects: ArraySlice<GroundTruth>, positives: Int, _ base: Int,
        _ records: inout EvaluationRecords
    ) {
        let bit = UInt16(1) << UInt16(t)
        isTaken.removeAll(keepingCapacity: true)
        isTaken.append(contentsOf: repeatElement(false, count: objects.count))
        for d in contenders {
            var best = thresholds[t]
            var match: Int?
            for (place, g) in order.enumerated() {
                // A crowd takes any number of detections.
                if isTaken[g], !objects[objects.startIndex + g].isCrowd { continue }
                // An object to be found is never given up for one that does not count.
                if let match, match < positives, place >= positives { break }
                let overlap = overlaps[d * objects.count + g]
                if overlap < best { continue }
                best = overlap
                match = place
            }
            guard let match else { continue }
            let object = order[match]
            isTaken[object] = true
            if match >= positives { records.ignored[base + d] |= bit }
            if treatsIDZeroAsUnmatched, objects[objects.startIndex + object].hasIDZero { continue }
            records.matched[base + d] |= bit
        }
    }

    /// VOC's way: each detection, best score first, goes with the object it overlaps most, the first of equals, free or
    /// not; the overlap has to be above threshold `t`.
    private mutating func assignNearest(
        _ t: Int, _ objects: ArraySlice<GroundTruth>, _ base: Int, _ records: inout EvaluationRecords
    ) {
        let bit = UInt16(1) << UInt16(t)
        isTaken.removeAll(keepingCapacity: true)
        isTaken.append(contentsOf: repeatElement(false, count: objects.count))
        for d in contenders {
            var (nearest, most) = (0, overlaps[d * objects.count])
            for g in 1..<max(objects.count, 1) where overlaps[d * objects.count + g] > most {
                (nearest, most) = (g, overlaps[d * objects.count + g])
            }
            guard most > thresholds[t] else { continue }
            if objects[objects.startIndex + nearest].isIgnored {
                records.ignored[base + d] |= bit
            } else if !isTaken[nearest] {
                isTaken[nearest] = true
                records.matched[base + d] |= bit
            }
        }
    }
}
