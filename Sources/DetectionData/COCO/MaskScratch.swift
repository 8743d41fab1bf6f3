/// The mask of the entry at hand of a results file.
struct MaskScratch {
    /// Run lengths as COCO writes them.
    var letters: [UInt8] = []
    var width = 0
    var height = 0
    var isFilled = false

    /// x, y, width, height around all pixels inside.
    func box() throws(DataError) -> (x: Double, y: Double, width: Double, height: Double) {
        var extent = MaskExtent(width: width, height: height)
        try letters.withUnsafeBufferPointer { letters throws(DataError) in
            try RunText.forEachRun(letters, pixelCount: width * height) { extent.take($0) }
        }
        let box = extent.box
        return (Double(box.x), Double(box.y), Double(box.width), Double(box.height))
    }
}

extension JSONScanner {
    /// The next value, `{"size": [height, width], "counts": text or list}`.
    mutating func runs(into scratch: inout MaskScratch) throws(DataError) {
        let start = nextOffset()
        guard try kind() == .object else {
            throw failure(
                "expected a mask as run lengths, found \(try kind().rawValue)", at: start,
                hint: "results hold {\"size\": [height, width], \"counts\": ...}, not polygons")
        }
        var (hasSize, hasCounts) = (false, false)
        var list: [Int]?
        try beginObject()
        while let key = try nextKey() {
            switch key {
            case "size":
                (scratch.height, scratch.width) = try maskSize()
                hasSize = true
            case "counts" where try kind() == .array:
                list = try self.list { scanner, _ throws(DataError) in try scanner.integer() }
                hasCounts = true
            case "counts":
                try letters(into: &scratch.letters)
                hasCounts = true
            default: try skipValue()
            }
        }
        guard hasSize else { throw failure("a run-length mask has no size [height, width]", at: start) }
        guard hasCounts else { throw failure("a run-length mask has no counts", at: start) }
        if let list {
            do {
                scratch.letters = try RLEMask(width: scratch.width, height: scratch.height, untrusted: list)
                    .textBytes
            } catch {
                throw failure(error.message, at: start, hint: error.hint)
            }
        }
        scratch.isFilled = true
    }

    /// The next value, `[height, width]` of a mask.
    mutating func maskSize() throws(DataError) -> (height: Int, width: Int) {
        let start = nextOffset()
        var (count, height, width) = (0, 0, 0)
        try beginArray()
        while try nextElement() {
            let side = try integer()
            if count == 0 { height = side } else { width = side }
            count += 1
        }
        guard count == 2, (1...RLEMask.longestSide).contains(height),
            (1...RLEMask.longestSide).contains(width)
        else {
            throw failure("a run-length mask has no size [height, width]", at: start)
        }
        return (height, width)
    }
}
