/// What can be wrong with an annotation file or its image folder.
package enum DatasetDefect: String, Sendable, CaseIterable {
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

    /// What is done with a data set that has defects.
    package enum Policy: Sendable {
        /// The data set is refused, with one line that names the first of each kind.
        case refuse
        /// What is defective is left out and noted in the report.
        case dropWithReport
    }
}
