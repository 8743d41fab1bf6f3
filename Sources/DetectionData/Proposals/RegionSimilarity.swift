/// Which measures are added up to the similarity of two neighbouring regions, each between 0 and 1.
///
/// - Source: Uijlings et al., IJCV 2013, equations 1 to 6.
package struct RegionSimilarity: OptionSet, Sendable, Hashable {
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    /// Intersection of the colour histograms.
    package static let colour = RegionSimilarity(rawValue: 1)
    /// Intersection of the gradient histograms.
    package static let texture = RegionSimilarity(rawValue: 2)
    /// The share of the image that neither covers: small regions merge early.
    package static let size = RegionSimilarity(rawValue: 4)
    /// One minus the share of the image that their common box holds besides them.
    package static let fill = RegionSimilarity(rawValue: 8)
}
