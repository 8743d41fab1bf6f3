/// Finds boxes that may hold objects in an image, without knowing what objects are.
///
/// A value without shared state; a call works on the caller's thread alone, so callers run one image per thread.
package protocol ProposalSearch: Sendable {
    /// Boxes in the image's own pixels; none for an image without pixels.
    /// - imageID: with a seed, the key of random numbers where there are any.
    func callAsFunction(_ image: Image, imageID: Int) -> [Box]
}
