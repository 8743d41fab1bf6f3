package import DetectionData
import Dispatch
import Synchronization

extension COCOEvaluator {
    /// Detections by image: position in the results and category, in the order of the results within an
    /// image.
    private struct Grouping {
        /// Where each image's detections begin, and the end.
        var starts: [Int]
        var indices: [Int32] = []
        /// By position in the results; -1 for a category that is not evaluated.
        var categories: [Int32] = []
        var malformed: [Int32]
        var unknownImageCount = 0
    }

    /// The records of one rank's share of the images; `results` may hold those of all images.
    /// - Throws: `DataError(.badInput)` naming the detection that a strict evaluation refuses.
    package func records(results: COCOResults, rank: Int, worldSize: Int) throws(DataError)
        -> EvaluationRecords
    {
        precondition((0..<worldSize).contains(rank), "rank \(rank) of \(worldSize)")
        let count = truth.images.count
        let share = count * rank / worldSize..<count * (rank + 1) / worldSize
        var records = try records(results, Array(share), passesOverOthers: true)
        // Every rank sees the detections of unknown images.
        if rank > 0 { records.unknownImageCount = 0 }
        return records
    }

    /// Matches detections with the ground truth of some images, all by default.
    /// - Parameters:
    ///   - results: detections of those images; the order decides between equal scores.
    ///   - imageIDs: the images that were looked at, with or without detections; repetitions count once.
    /// - Throws: `DataError(.badInput)` naming the detection that a strict evaluation refuses.
    package func records(results: COCOResults, imageIDs: [Int]? = nil) throws(DataError) -> EvaluationRecords
    {
        try records(results, positions(of: imageIDs), passesOverOthers: false)
    }

    /// - Parameters:
    ///   - images: ascending positions.
    ///   - passesOverOthers: whether detections of other evaluated images are fine.
    private func records(
        _ results: COCOResults, _ images: [Int], passesOverOthers: Bool
    ) throws(DataError) -> EvaluationRecords {
        if parameters.kind == .segm, results.masks.isEmpty, !results.detections.isEmpty {
            throw DataError(
                .badInput, "\(results.source): detection entry 0 has no mask",
                hint: "use type bbox for boxes alone")
        }
        let grouping = try group(results, images, passesOverOthers)
        let chunkCount = min(max(images.count, 1), threadCount == 1 ? 1 : 8 * threadCount)
        let chunks = Mutex([EvaluationRecords?](repeating: nil, count: chunkCount))
        let next = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: min(threadCount, chunkCount)) { _ in
            while true {
                let chunk = next.add(1, ordering: .relaxed).oldValue
                if chunk >= chunkCount { return }
                let range = chunk * images.count / chunkCount..<(chunk + 1) * images.count / chunkCount
                let records = match(images[range], results, grouping)
                chunks.withLock { $0[chunk] = records }
            }
        }
        var records = EvaluationRecords(areaCount: parameters.areaRanges.count)
        records.unknownImageCount = grouping.unknownImageCount
        let parts = chunks.withLock { $0 }
        for part in parts {
            guard let part else { preconditionFailure("a chunk of images was not matched") }
            records.append(part)
        }
        return records
    }

    /// Ascending positions of the images to look at.
    private func positions(of imageIDs: [Int]?) throws(DataError) -> [Int] {
        guard let imageIDs else { return Array(0..<truth.images.count) }
        var positions: [Int] = []
        for id in IDIndex(imageIDs).ids {
            guard let position = truth.images.position(of: id) else {
                throw DataError(
                    .badInput, "image \(id) was looked at, but \(truth.source) has no such image to evaluate")
            }
            positions.append(position)
        }
        return positions
    }

    private func group(
        _ results: COCOResults, _ images: [Int], _ passesOverOthers: Bool
    ) throws(DataError) -> Grouping {
        let imageCount = truth.images.count
        var isLookedAt = [Bool](repeating: false, count: imageCount)
        for image in images { isLookedAt[image] = true }
        var grouping = Grouping(
            starts: [Int](repeating: 0, count: imageCount + 1),
            malformed: [Int32](repeating: 0, count: imageCount))
        let detections = results.detections
        guard Int32(exactly: detections.count) != nil else {
            throw DataError(
                .badInput, "\(results.source): \(detections.count) detections are too many for one list")
        }
        var imageOf = [Int32](repeating: -1, count: detections.count)
        grouping.categories.reserveCapacity(detections.count)
        for (index, detection) in detections.enumerated() {
            let category = truth.categories.position(of: detection.categoryID) ?? -1
            grouping.categories.append(Int32(category))
            let position = truth.images.position(of: detection.imageID)
            if passesOverOthers, let position, !isLookedAt[position] { continue }
            guard let image = position, isLookedAt[image] else {
                guard strictness == .lenient else { throw refusal(index, results) }
                grouping.unknownImageCount += 1
                continue
            }
            guard isUsable(detection, index, results, image: image) else {
                guard strictness == .lenient else { throw refusal(index, results) }
                grouping.malformed[image] += 1
                continue
            }
            imageOf[index] = Int32(image)
            grouping.starts[image + 1] += 1
        }
        for image in 0..<imageCount { grouping.starts[image + 1] += grouping.starts[image] }
        grouping.indices = [Int32](repeating: 0, count: grouping.starts[imageCount])
        var next = grouping.starts
        for (index, image) in imageOf.enumerated() where image >= 0 {
            grouping.indices[next[Int(image)]] = Int32(index)
            next[Int(image)] += 1
        }
        return grouping
    }

    private func isUsable(
        _ detection: COCOResults.Detection, _ index: Int, _ results: COCOResults, image: Int
    ) -> Bool {
        guard detection.isFinite else { return false }
        guard parameters.kind == .segm else { return detection.bbox.width >= 0 && detection.bbox.height >= 0 }
        let (mask, size) = (results.masks.entries[index], truth.imageSizes[image])
        return Int(mask.width) == size.width && Int(mask.height) == size.height
    }

    private func match(_ images: ArraySlice<Int>, _ results: COCOResults, _ grouping: Grouping)
        -> EvaluationRecords
    {
        var records = EvaluationRecords(areaCount: parameters.areaRanges.count)
        var matching = Matching(
            parameters, masks: parameters.kind == .segm ? MaskOverlaps(truth, results.masks) : nil)
        var candidates: [Candidate] = []
        for image in images {
            var counts = EvaluationRecords.ImageCounts(
                image: Int32(image), malformed: grouping.malformed[image])
            candidates.removeAll(keepingCapacity: true)
            for index in grouping.indices[grouping.starts[image]..<grouping.starts[image + 1]] {
                let category = grouping.categories[Int(index)]
                if category < 0 {
                    counts.unknownCategory += 1
                    continue
                }
                counts.detections += 1
                candidates.append(candidate(results, index, category))
            }
            records.images.append(counts)
            let objects = truth.objects[truth.starts[image]..<truth.starts[image + 1]]
            if parameters.style == .lvis { select(&candidates, image, objects) }
            sort(&candidates)
            matchPairs(image, objects, candidates, &matching, &records)
        }
        return records
    }

    private func candidate(_ results: COCOResults, _ index: Int32, _ category: Int32) -> Candidate {
        let detection = results.detections[Int(index)]
        var (bbox, score) = (detection.bbox, detection.score)
        if parameters.roundsAsDetectron2 { (bbox, score) = BoxOverlap.rounded(bbox, score) }
        let area =
            parameters.kind == .segm
            ? Double(results.masks.entries[Int(index)].area) : bbox.width * bbox.height
        return Candidate(bbox: bbox, area: area, score: score, category: category, index: index)
    }

    /// LVIS's choice: the image's best, if there are more than the limit; of them those with an area and of a category
    /// that was looked for in the image.
    private func select(_ candidates: inout [Candidate], _ image: Int, _ objects: ArraySlice<GroundTruth>) {
        let most = parameters.maxDetections.last ?? 0
        if candidates.count > most {
            candidates.sort { $0.score != $1.score ? $0.score > $1.score : $0.index < $1.index }
            candidates.removeSubrange(most...)
        }
        let negative = truth.federated[image].negative
        var present = Set(objects.lazy.map(\.category))
        present.formUnion(negative)
        candidates.removeAll { !($0.area > 0) || !present.contains($0.category) }
    }

    /// By category where they are kept apart; best score first; ties in the order of category, then of the
    /// results.
    private func sort(_ candidates: inout [Candidate]) {
        let keepsApart = parameters.usesCategories
        candidates.sort { a, b in
            if keepsApart, a.category != b.category { return a.category < b.category }
            if a.score != b.score { return a.score > b.score }
            if a.category != b.category { return a.category < b.category }
            return a.index < b.index
        }
    }

    /// Walks the objects and candidates of one image, both sorted by category, pair by pair.
    private func matchPairs(
        _ image: Int, _ objects: ArraySlice<GroundTruth>, _ candidates: [Candidate],
        _ matching: inout Matching,
        _ records: inout EvaluationRecords
    ) {
        var (objects, candidates) = (objects, candidates[...])
        let most = parameters.maxDetections.last ?? 0
        while let category = [objects.first?.category, candidates.first?.category].compactMap(\.self).min() {
            let keepsApart = parameters.usesCategories
            let own = objects.prefix { !keepsApart || $0.category == category }
            let detected = candidates.prefix { !keepsApart || $0.category == category }
            let isOpen = parameters.style == .lvis && truth.federated[image].notExhaustive.contains(category)
            matching.match(
                image: image, category: keepsApart ? Int(category) : 0, own, detected.prefix(most),
                ignoresUnmatched: isOpen, into: &records)
            objects = objects.dropFirst(own.count)
            candidates = candidates.dropFirst(detected.count)
        }
    }

    private func refusal(_ index: Int, _ results: COCOResults) -> DataError {
        let detection = results.detections[index]
        let id = detection.imageID
        let fault: String
        if !detection.isFinite {
            fault = "in image \(id) has a box or score that is not finite"
        } else if truth.images.position(of: id) == nil {
            fault =
                truth.knownImages.position(of: id) == nil
                ? "is in image \(id), which \(truth.source) does not have"
                : "is in image \(id), which is not among the evaluated ones"
        } else if parameters.kind == .segm, let image = truth.images.position(of: id),
            !isUsable(detection, index, results, image: image)
        {
            let (mask, size) = (results.masks.entries[index], truth.imageSizes[image])
            fault =
                mask.isPresent
                ? "in image \(id) has a mask of \(mask.width)x\(mask.height), the image is \(size.width)x\(size.height)"
                : "in image \(id) has no mask"
        } else if parameters.kind == .bbox, detection.bbox.width < 0 || detection.bbox.height < 0 {
            fault = "in image \(id) has a box of negative size"
        } else {
            fault = "is in image \(id), which was not looked at"
        }
        return DataError(
            .badInput, "\(results.source): detection entry \(index) \(fault)",
            hint: "a lenient evaluation counts such detections and leaves them out")
    }
}
