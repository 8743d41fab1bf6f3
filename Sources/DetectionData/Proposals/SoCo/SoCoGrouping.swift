internal import HeapModule

/// Merges the most similar neighbours until no two neighbours are left, which may leave more than one region.
///
/// Of equally similar pairs the one found last merges first.
struct SoCoGrouping {
    /// A pair that may merge; larger ones come first.
    private struct Candidate: Comparable {
        let similarity: Double
        let number: Int

        static func < (a: Candidate, b: Candidate) -> Bool {
            (a.similarity, a.number) < (b.similarity, b.number)
        }
    }

    private let imageSize: Double
    private var regions: [SoCoRegion]
    private var isGone: [Bool]
    private var pairs: [(Int, Int)] = []
    /// Per region: numbers of its pairs, ascending.
    private var pairsOf: [[Int]]
    private var heap = Heap<Candidate>()

    /// Rectangles of the given regions and of every merged one, in order of creation.
    static func rectangles(_ regions: [SoCoRegion], imageSize: Int) -> [PixelRectangle] {
        var grouping = SoCoGrouping(regions, imageSize: imageSize)
        while let top = grouping.heap.popMax() { grouping.merge(grouping.pairs[top.number]) }
        return grouping.regions.map(\.rectangle)
    }

    private init(_ regions: [SoCoRegion], imageSize: Int) {
        self.imageSize = Double(imageSize)
        self.regions = regions
        isGone = [Bool](repeating: false, count: regions.count)
        pairsOf = [[Int]](repeating: [], count: regions.count)
        for a in regions.indices {
            for b in a + 1..<max(a + 1, regions.count) where regions[a].holdsCorner(of: regions[b]) {
                add(a, b)
            }
        }
    }

    private mutating func add(_ a: Int, _ b: Int) {
        let number = pairs.count
        pairs.append((a, b))
        pairsOf[a].append(number)
        pairsOf[b].append(number)
        heap.insert(
            Candidate(similarity: regions[a].similarity(regions[b], imageSize: imageSize), number: number))
    }

    private mutating func merge(_ pair: (Int, Int)) {
        let (a, b) = pair
        if isGone[a] || isGone[b] { return }
        let merged = regions.count
        regions.append(regions[a].merged(regions[b]))
        isGone.append(false)
        pairsOf.append([])
        let touched = (pairsOf[a] + pairsOf[b]).sorted()
        (isGone[a], isGone[b]) = (true, true)
        var seen: Set<Int> = []
        for number in touched {
            let (first, second) = pairs[number]
            let other = first == a || first == b ? second : first
            if isGone[other] || !seen.insert(other).inserted { continue }
            add(merged, other)
        }
        (pairsOf[a], pairsOf[b]) = ([], [])
    }
}
