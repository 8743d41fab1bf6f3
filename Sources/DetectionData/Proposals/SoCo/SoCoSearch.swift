/// SoCo's proposals: one segmentation, one grouping; every region's rectangle in order of creation.
///
/// Nothing is drawn at random and nothing is ranked: smaller parts come before what they were merged into. A rectangle
/// may come more than once, and each is a pixel short at the right and lower side, as in SoCo's files.
/// - Source: SoCo, `selective_search/`, which is the `selectivesearch` package of AlpacaDB over scikit-image's
///   `felzenszwalb`; scale 300, sigma 0.9, at least 100 pixels. Differs: edges of equal weight keep their order, where
///   the source's sort is unstable.
package struct SoCoSearch: ProposalSearch {
    private let scale: Double
    private let sigma: Double
    private let minimumSize: Int

    package init(scale: Double = 300, sigma: Double = 0.9, minimumSize: Int = 100) {
        precondition(scale > 0 && sigma > 0, "scale \(scale), sigma \(sigma)")
        (self.scale, self.sigma, self.minimumSize) = (scale, sigma, minimumSize)
    }

    /// - imageID: not used.
    package func callAsFunction(_ image: Image, imageID: Int) -> [Box] {
        if image.pixels.isEmpty { return [] }
        let map = segment(image)
        return SoCoGrouping.rectangles(
            SoCoRegion.regions(of: image, map), imageSize: image.width * image.height
        )
        .map {
            Box(x1: Float($0.minX), y1: Float($0.minY), x2: Float($0.maxX), y2: Float($0.maxY))
        }
    }

    func segment(_ image: Image) -> LabelMap {
        SoCoSegmentation(scale: scale, sigma: sigma, minimumSize: minimumSize)(image)
    }
}
