internal import Foundation

/// Large blocks out of one stretch of address space: the tightest free span that fits is cut, and neighbours grow
/// together again when blocks come back, so that maps of one size make room for maps of another.
///
/// Address space is reserved far beyond need and costs nothing until it is touched; what was touched is kept. So a run
/// holds little more than the most it ever had in use at once: a step whose tensors take 2.29 GB at most holds 2.42 GB,
/// and 3.29 GB out of segments of a gigabyte.
struct SpanArena {
    private struct Span {
        var start: UInt
        var byteCount: Int
        var end: UInt { start + UInt(byteCount) }
    }

    private struct Segment {
        let span: Span
        /// End of the part that was ever handed out.
        var touchedEnd: UInt
    }

    /// Blocks are whole pages.
    static let granule = 4096
    /// What is asked of the system, in this order: where address space is limited, less must do.
    private static let segmentByteCounts = [1 << 36, 1 << 30]
    /// By address, no two of them touching.
    private var free: [Span] = []
    private var segments: [Segment] = []

    /// Bytes ever handed out at least once.
    var touchedByteCount: Int { segments.reduce(0) { $0 + Int($1.touchedEnd - $1.span.start) } }

    /// - byteCount: a multiple of `granule`.
    /// - Returns: nil where the system has no more.
    mutating func take(_ byteCount: Int) -> UnsafeMutableRawPointer? {
        guard let place = tightestFit(byteCount) ?? (grow(byteCount) ? tightestFit(byteCount) : nil) else { return nil }
        let start = free[place].start
        if free[place].byteCount == byteCount {
            free.remove(at: place)
        } else {
            free[place].start += UInt(byteCount)
            free[place].byteCount -= byteCount
        }
        let end = start + UInt(byteCount)
        for i in segments.indices where segments[i].span.start < end && start < segments[i].span.end {
            segments[i].touchedEnd = max(segments[i].touchedEnd, min(end, segments[i].span.end))
        }
        return UnsafeMutableRawPointer(bitPattern: start)
    }

    mutating func giveBack(_ block: UnsafeMutableRawPointer, byteCount: Int) {
        insert(Span(start: UInt(bitPattern: block), byteCount: byteCount))
    }

    private func tightestFit(_ byteCount: Int) -> Int? {
        var best: Int?
        for i in free.indices where free[i].byteCount >= byteCount {
            if best.map({ free[i].byteCount < free[$0].byteCount }) ?? true { best = i }
        }
        return best
    }

    private mutating func insert(_ span: Span) {
        var (low, high) = (0, free.count)
        while low < high {
            let middle = (low + high) / 2
            if free[middle].start < span.start { low = middle + 1 } else { high = middle }
        }
        var merged = span
        if low < free.count, span.end == free[low].start {
            merged.byteCount += free[low].byteCount
            free.remove(at: low)
        }
        if low > 0, free[low - 1].end == span.start {
            free[low - 1].byteCount += merged.byteCount
        } else {
            free.insert(merged, at: low)
        }
    }

    /// A new segment.
    private mutating func grow(_ byteCount: Int) -> Bool {
        for size in Self.segmentByteCounts.map({ max(byteCount, $0) }) + [byteCount] {
            let start = mmap(
                nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
            guard start != MAP_FAILED, let start else { continue }
            // Fewer page faults at first touch; a kernel without large pages says no, and nothing is lost.
            _ = madvise(start, size, MADV_HUGEPAGE)
            let span = Span(start: UInt(bitPattern: start), byteCount: size)
            segments.append(Segment(span: span, touchedEnd: span.start))
            insert(span)
            return true
        }
        return false
    }
}
