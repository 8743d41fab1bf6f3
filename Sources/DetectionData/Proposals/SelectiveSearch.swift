internal import Randomness

/// Class-independent object proposals: several segmentations, each grouped by several similarities; the boxes
/// of all regions on the way, best first.
///
/// A value without shared state; a call works on the caller's thread alone, so callers run one image per
/// thread.
/// - Source: Uijlings et al., "Selective search for object recognition", IJCV 2013; colour spaces, scales and
///   similarities of the modes as OpenCV's. Differs: `rgI` holds shares as published, where OpenCV takes R
///   and G.
package struct SelectiveSearch: ProposalSearch {
    package enum Mode: String, Sendable, CaseIterable {
        /// HSV and Lab, three scales, two similarities: 12 groupings.
        case fast
        /// Five colour spaces, five scales, four similarities: 100 groupings.
        case quality
    }

    package let colourSpaces: [ColourSpace]
    package let similarities: [RegionSimilarity]
    package let segmentation: GraphSegmentation
    package let seed: UInt64

    package init(
        colourSpaces: [ColourSpace], similarities: [RegionSimilarity], segmentation: GraphSegmentation,
        seed: UInt64
    ) {
        precondition(
            !colourSpaces.isEmpty && !similarities.isEmpty && similarities.allSatisfy { !$0.isEmpty },
            "selective search over \(colourSpaces) by \(similarities.map(\.rawValue))")
        (self.colourSpaces, self.similarities) = (colourSpaces, similarities)
        (self.segmentation, self.seed) = (segmentation, seed)
    }

    package init(mode: Mode, seed: UInt64) {
        let broad: [RegionSimilarity] = [[.colour, .texture, .size, .fill], [.texture, .size, .fill]]
        switch mode {
        case .fast:
            self.init(
                colourSpaces: [.hsv, .lab], similarities: broad,
                segmentation: GraphSegmentation(scales: [150, 300, 450]), seed: seed)
        case .quality:
            self.init(
                colourSpaces: [.hsv, .lab, .intensity, .hue, .rgI], similarities: broad + [[.fill], [.size]],
                segmentation: GraphSegmentation(scales: [150, 300, 450, 600, 750]), seed: seed)
        }
    }

    /// Boxes in the image's own pixels, best first, no two alike; none for an image without pixels.
    ///
    /// A region's rank is its place from the top of its hierarchy (the whole image is 1) times a uniform
    /// random number, so that no grouping comes first; a box found more than once has the best of its ranks.
    /// - imageID: with the seed, the key of the random numbers.
    package func callAsFunction(_ image: Image, imageID: Int) -> [Box] {
        if image.pixels.isEmpty { return [] }
        var random = RandomSource(seed: seed, sample: imageID, purpose: .proposals)
        var ranks: [Double] = []
        var rectangles: [PixelRectangle] = []
        for space in colourSpaces {
            let planes = space.planes(of: image)
            let bins = PixelBins(planes)
            for map in segmentation.segment(planes) {
                let graph = RegionGraph(map)
                let histograms = RegionHistograms(bins, map, sizes: graph.sizes)
                for similarity in similarities {
                    let hierarchy = HierarchicalGrouping.rectangles(graph, histograms, by: similarity)
                    for place in (1...hierarchy.count).reversed() {
                        ranks.append(Double(place) * random.uniformDouble())
                    }
                    rectangles += hierarchy
                }
            }
        }
        let order = ranks.indices.sorted { (ranks[$0], $0) < (ranks[$1], $1) }
        var seen = Set<PixelRectangle>(minimumCapacity: rectangles.count)
        return order.compactMap { seen.insert(rectangles[$0]).inserted ? rectangles[$0].box : nil }
    }
}
