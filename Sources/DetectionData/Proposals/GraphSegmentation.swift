/// Segments an image by merging pixels along the edges of the 8-connected grid, cheapest first.
///
/// Two components merge if the edge between them is no heavier than the heaviest edge inside either plus
/// `scale / size`; afterwards components under `minimumSize` pixels join their cheapest neighbour.
/// - Source: Felzenszwalb and Huttenlocher, IJCV 2004. Differs: edge weights are rounded to 1/16 grey level.
package struct GraphSegmentation: Sendable {
    /// Standard deviation of the smoothing before, in pixels; 0 for none.
    package let sigma: Float
    /// The paper's k, in grey levels times pixels: larger gives larger regions. One segmentation each.
    package let scales: [Float]
    /// In pixels.
    package let minimumSize: Int

    package init(sigma: Float = 0.8, scales: [Float], minimumSize: Int = 100) {
        precondition(!scales.isEmpty && scales.allSatisfy { $0 > 0 }, "scales \(scales) are not all positive")
        (self.sigma, self.scales, self.minimumSize) = (sigma, scales, minimumSize)
    }

    /// One segmentation per scale. Smoothing and sorting are shared between them.
    package func callAsFunction(_ image: Image, in space: ColourSpace = .rgb) -> [LabelMap] {
        segment(space.planes(of: image))
    }

    func segment(_ planes: ColourPlanes) -> [LabelMap] {
        let edges = GridEdges(
            smoothed: planes.smoothed(sigma: sigma), width: planes.width, height: planes.height,
            channelCount: planes.channelCount)
        let forest = PixelForest(pixelCount: planes.pixelCount, scales: scales)
        forest.merge(along: edges, minimumSize: minimumSize)
        return scales.indices.map { lane in
            let (labels, count) = forest.labels(lane: lane)
            return LabelMap(width: planes.width, height: planes.height, regionCount: count, labels: labels)
        }
    }
}
