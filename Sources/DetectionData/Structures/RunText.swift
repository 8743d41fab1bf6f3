/// The letters in which COCO's files write run lengths: from the third on as differences to the count before last,
/// each in groups of five bits, lowest first, with a bit for "more follow", plus 48.
enum RunText {
    /// Calls `body` with every run in turn.
    /// - pixelCount: what the runs have to cover.
    /// - Throws: where the text is no list of counts, or they do not cover `pixelCount`.
    @inline(__always)
    static func forEachRun(
        _ text: UnsafeBufferPointer<UInt8>, pixelCount: Int, _ body: (Int) -> Void
    ) throws(DataError) {
        var (position, index, total) = (0, 0, 0)
        // The runs one and two before this one.
        var (last, secondLast) = (0, 0)
        let end = text.count
        while position < end {
            var (value, shift) = (0, 0)
            var group: Int
            repeat {
                guard position < end else { throw damaged("ends inside a number") }
                let letter = text[position]
                position &+= 1
                guard letter >= 48, letter < 112, shift < 60 else {
                    throw damaged("holds a letter that none has")
                }
                group = Int(letter) &- 48
                value |= (group & 31) << shift
                shift &+= 5
            } while group & 32 != 0
            if group & 16 != 0 { value |= -1 << shift }
            let run = index > 2 ? value &+ secondLast : value
            guard run >= 0, run <= pixelCount &- total else {
                throw damaged("has a run of \(run) after \(total) of \(pixelCount) pixels")
            }
            total &+= run
            (secondLast, last) = (last, run)
            index &+= 1
            body(run)
        }
        guard total == pixelCount else { throw damaged("covers \(total) of \(pixelCount) pixels") }
    }

    static func damaged(_ what: String) -> DataError {
        DataError(.badInput, "a run-length mask \(what)", hint: "is its 'size' [height, width] of its image?")
    }
}
