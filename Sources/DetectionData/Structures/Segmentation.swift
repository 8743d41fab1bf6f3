/// An object's outline as a data set gives it, in the pixels of the file's own picture.
package enum Segmentation: Sendable {
    /// Parts of one object, each x, y, x, y ... with at least three corners.
    case polygons([[Double]])
    case runs(RLEMask)

    /// The pixels inside, of a picture of this size.
    package func mask(width: Int, height: Int) -> RLEMask {
        switch self {
        case .polygons(let parts): RLEMask(width: width, height: height, polygons: parts)
        case .runs(let mask): mask
        }
    }
}
