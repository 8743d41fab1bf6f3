/// Images with boxes, addressed by position; what the loader threads read from.
package protocol Dataset: Sendable {
    var count: Int { get }

    /// The id of the image at `index` in its file; the same in every run.
    func imageID(at index: Int) -> Int

    /// Width and height in pixels as the annotation file declares them, without opening the image.
    func size(at index: Int) -> (width: Int, height: Int)

    /// The decoded image at `index` with its boxes, before any transform.
    func sample(at index: Int) throws(DataError) -> Sample
}
