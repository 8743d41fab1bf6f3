internal import Dispatch
internal import Synchronization

extension COCOResults {
    /// Reads a list `[{"image_id", "category_id", "bbox": [x, y, w, h], "score"}, ...]`, where each may have a
    /// `segmentation` as run lengths too; one that has no `bbox` gets its mask's. Other keys are skipped.
    ///
    /// The file is mapped, and what was read of it is let go of.
    /// - Parameters:
    ///   - acceptsNonFinite: takes Python's `NaN` and `Infinity`, for an evaluation that counts and drops them.
    ///   - withMasks: whether masks are kept; boxes are taken from them either way.
    ///   - threadCount: the list is cut into so many parts, read at the same time.
    /// - Throws: `DataError` naming the file and the place in it.
    package static func read(
        path: String, acceptsNonFinite: Bool = false, withMasks: Bool = false, threadCount: Int = 1
    ) throws(DataError) -> COCOResults {
        let source = try JSONSource(path: path)
        let reader = ResultsReader(acceptsNonFinite: acceptsNonFinite, withMasks: withMasks)
        let starts = threadCount > 1 ? source.elementStarts(partCount: threadCount) : []
        if !starts.isEmpty, let whole = reader.read(source, cutAt: starts) { return whole }
        return try reader.read(source)
    }
}

/// Reads results files, whole or in parts.
struct ResultsReader: Sendable {
    let acceptsNonFinite: Bool
    let withMasks: Bool

    /// How much of a file is read between two times of letting go of it.
    private static let stretch = 1 << 24

    func read(_ source: JSONSource) throws(DataError) -> COCOResults {
        var scanner = JSONScanner(source: source, acceptsNonFinite: acceptsNonFinite)
        if try scanner.kind() == .object {
            throw scanner.failure(
                "expected a list of detections, found an object",
                hint: "an object with images and annotations is an annotation file, not a results file")
        }
        try scanner.beginArray()
        var results = empty(source, source.count)
        _ = try take(&scanner, until: nil, into: &results)
        try scanner.finish()
        return results
    }

    /// Reads the parts that begin at the list's start and at `starts` at the same time; nil where something is wrong,
    /// be it the file or the places to cut it at: reading it whole then tells.
    func read(_ source: JSONSource, cutAt starts: [Int]) -> COCOResults? {
        let parts = Mutex([COCOResults?](repeating: nil, count: starts.count + 1))
        DispatchQueue.concurrentPerform(iterations: starts.count + 1) { part in
            let end = part < starts.count ? starts[part] : nil
            let read = try? readPart(source, from: part == 0 ? nil : starts[part - 1], until: end)
            parts.withLock { $0[part] = read }
        }
        let read = parts.withLock { $0 }
        guard var whole = read[0] else { return nil }
        for part in read.dropFirst() {
            guard let part else { return nil }
            whole.append(part)
        }
        return whole
    }

    /// - start: where an element begins; nil for the list itself.
    /// - end: where another one begins; nil for the end of the file.
    /// - Returns: nil if no element begins at `end`.
    private func readPart(_ source: JSONSource, from start: Int?, until end: Int?) throws(DataError)
        -> COCOResults?
    {
        var scanner = JSONScanner(source: source, acceptsNonFinite: acceptsNonFinite)
        if let start {
            scanner.resume(atElement: start)
        } else {
            try scanner.beginArray()
        }
        var results = empty(source, (end ?? source.count) - (start ?? 0))
        guard try take(&scanner, until: end, into: &results) else { return nil }
        if end == nil { try scanner.finish() }
        return results
    }

    private func empty(_ source: JSONSource, _ byteCount: Int) -> COCOResults {
        var results = COCOResults(source: source.name)
        // An entry takes 100 to 160 bytes without a mask; reserving too much costs address space only.
        results.reserve(detections: byteCount / 96, maskBytes: withMasks ? byteCount / 2 : 0)
        return results
    }

    /// Takes elements up to the one that begins at `end`, or all that are left.
    /// - Returns: whether it ended there.
    private func take(
        _ scanner: inout JSONScanner, until end: Int?, into results: inout COCOResults
    ) throws(DataError) -> Bool {
        var scratch = MaskScratch()
        var released = scanner.nextOffset()
        while try scanner.nextElement() {
            let offset = scanner.nextOffset()
            if let end, offset >= end { return offset == end }
            if offset - released > Self.stretch {
                scanner.release(from: released, until: offset)
                released = offset
            }
            try element(&scanner, &scratch, into: &results)
        }
        return end == nil
    }

    private func element(
        _ scanner: inout JSONScanner, _ scratch: inout MaskScratch, into results: inout COCOResults
    ) throws(DataError) {
        let start = scanner.nextOffset()
        var (imageID, categoryID): (Int?, Int?)
        var bbox: (x: Double, y: Double, width: Double, height: Double)?
        var score: Double?
        scratch.isFilled = false
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            switch key {
            case "image_id": imageID = try scanner.integer()
            case "category_id": categoryID = try scanner.integer()
            case "bbox": bbox = try scanner.bbox()
            case "score": score = try scanner.double()
            case "segmentation" where withMasks || bbox == nil: try scanner.runs(into: &scratch)
            default: try scanner.skipValue()
            }
        }
        let place = Place(noun: "detection", id: nil, index: results.detections.count, offset: start)
        guard let imageID else { throw scanner.missing("image_id", place) }
        guard let categoryID else { throw scanner.missing("category_id", place) }
        guard let score else { throw scanner.missing("score", place) }
        guard scratch.isFilled else {
            guard let bbox else { throw scanner.missing("bbox", place) }
            results.append(.init(imageID: imageID, categoryID: categoryID, bbox: bbox, score: score))
            return
        }
        do throws(DataError) {
            let box = if let bbox { bbox } else { try scratch.box() }
            let detection = COCOResults.Detection(
                imageID: imageID, categoryID: categoryID, bbox: box, score: score)
            if withMasks {
                try results.append(
                    detection, maskText: scratch.letters[...], width: scratch.width, height: scratch.height)
            } else {
                results.append(detection)
            }
        } catch {
            throw scanner.failure(
                "\(place.text) in image \(imageID): \(error.message)", at: start, hint: error.hint)
        }
    }
}
