/// Who sends which part when: N ranks, N segments of K chunks each, M = 2 (N - 1) K messages.
///
/// In the first half, message (t, k) carries chunk k of segment (rank - t) to the right and adds the arriving
/// chunk of segment (rank - t - 1); afterwards rank r holds the whole sum of segment r + 1. In the second
/// half the sums go round: segment (rank + 1 - t) leaves and (rank - t) arrives. Each chunk is summed in one
/// order, along the ring, and then copied, so all ranks hold the same bits.
struct RingLayout {
    let rank: Int
    let size: Int
    let elementCount: Int
    /// Chunks per segment.
    let chunkCount: Int

    init(rank: Int, size: Int, elementCount: Int, maximumChunkElementCount: Int) {
        self.rank = rank
        self.size = size
        self.elementCount = elementCount
        let longestSegment = (elementCount + size - 1) / size
        chunkCount = (longestSegment + maximumChunkElementCount - 1) / maximumChunkElementCount
    }

    var messageCount: Int { 2 * reducingMessageCount }
    /// Messages of the first half.
    var reducingMessageCount: Int { (size - 1) * chunkCount }
    var left: Int { (rank + size - 1) % size }
    var right: Int { (rank + 1) % size }

    /// The elements message m carries to the right.
    func outgoing(_ m: Int) -> Range<Int> {
        let (step, chunk) = m.quotientAndRemainder(dividingBy: chunkCount)
        let half = size - 1
        return elements(segment: step < half ? rank - step : rank + 1 - (step - half), chunk: chunk)
    }

    /// The elements message m brings from the left.
    func incoming(_ m: Int) -> Range<Int> {
        let (step, chunk) = m.quotientAndRemainder(dividingBy: chunkCount)
        let half = size - 1
        return elements(segment: step < half ? rank - step - 1 : rank - (step - half), chunk: chunk)
    }

    private func elements(segment: Int, chunk: Int) -> Range<Int> {
        let index = ((segment % size) + size) % size
        let start = index * elementCount / size
        let length = (index + 1) * elementCount / size - start
        return start + chunk * length / chunkCount..<start + (chunk + 1) * length / chunkCount
    }
}
