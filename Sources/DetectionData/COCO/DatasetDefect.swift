/// What can be wrong with an annotation file or its image folder.
package enum DatasetDefect: String, Sendable, CaseIterable, Codable {
    case missingImageFile = "image file missing"
    case duplicateImageID = "image id used twice"
    case badImageSize = "declared image size not positive"
    case duplicateCategory = "category id or name used twice"
    case duplicateAnnotationID = "annotation id used twice"
    case unknownImageID = "annotation of an image that is not in the file"
    case unknownCategoryID = "category id that is not in the file"
    case nonFiniteBox = "box with a number that is not finite"
    case emptyBox = "box without area"
    case boxOutsideImage = "box outside its image"
    case imageWithoutProposals = "image without proposals"
    case unusableMask = "object without a usable outline"
    case unreadableImage = "image file that cannot be read"
    case otherFileSize = "image file of another size than declared"
    // Of proposal files, against the data set they are for.
    case otherImageList = "made for another list of images"
    case missingImage = "image of the data set that is not in the file"
    case unknownImage = "image that is not in the data set"
    case otherImageName = "image of another name"
    case otherImageSize = "image of another size"
    case otherImageOrder = "images in another order"
    case boxBeyondEdge = "box that reaches beyond its image"
    case cornerBoxes = "boxes that look like corners, not x, y, width, height"
    case otherArea = "area that is not width times height"
    case duplicateBox = "box that its image has twice"
    case boxAgainstFilter = "box that the filter leaves out"
    case risingScores = "image whose boxes are not best first"

    /// What is done with a data set that has defects.
    package enum Policy: Sendable {
        /// The data set is refused, with one line that names the first of each kind.
        case refuse
        /// What is defective is left out and noted in the report.
        case dropWithReport
    }
}
