extension JSONScanner {
    /// The next value, COCO's `segmentation`: polygons, run lengths as a list, or run lengths as text; nil where it is
    /// empty.
    /// - Throws: for polygons with fewer than three corners and runs that do not cover their `size`.
    mutating func segmentation() throws(DataError) -> Segmentation? {
        guard try kind() == .object else {
            let start = nextOffset()
            let parts = try list { scanner, _ throws(DataError) in
                try scanner.list { scanner, _ throws(DataError) in try scanner.double() }
            }
            guard parts.allSatisfy({ $0.count >= 6 && $0.count % 2 == 0 && $0.allSatisfy { abs($0) < 1e6 } })
            else {
                throw failure("a polygon has no three corners or one out of all bounds", at: start)
            }
            return parts.isEmpty ? nil : .polygons(parts)
        }
        let start = nextOffset()
        var size: (height: Int, width: Int)?
        var counts: [Int]?
        var text: String?
        try beginObject()
        while let key = try nextKey() {
            switch key {
            case "size": size = try maskSize()
            case "counts" where try kind() == .array:
                counts = try list { scanner, _ throws(DataError) in try scanner.integer() }
            case "counts": text = try string()
            default: try skipValue()
            }
        }
        guard let size else { throw failure("a run-length mask has no size [height, width]", at: start) }
        do {
            if let counts {
                return .runs(try RLEMask(width: size.width, height: size.height, untrusted: counts))
            }
            if let text { return .runs(try RLEMask(width: size.width, height: size.height, text: text)) }
        } catch {
            throw failure(error.message, at: start, hint: error.hint)
        }
        throw failure("a run-length mask has no counts", at: start)
    }
}
