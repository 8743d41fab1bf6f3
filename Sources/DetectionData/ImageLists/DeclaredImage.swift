/// Reads images whose size a list declares, as it was meant there: a camera's note on orientation is obeyed or not, whichever
/// gives that size.
package struct DeclaredImage: Sendable {
    private let folder: String
    private let orientation: ImageFile.Orientation

    /// - orientation: for images that have the declared size either way.
    package init(folder: String, orientation: ImageFile.Orientation) {
        (self.folder, self.orientation) = (folder, orientation)
    }

    package func path(_ record: COCOAnnotations.ImageRecord) -> String {
        folder.hasSuffix("/") ? folder + record.fileName : "\(folder)/\(record.fileName)"
    }

    /// - Throws: for a file that cannot be read, and one of another size than declared.
    package func load(_ record: COCOAnnotations.ImageRecord) throws(DataError) -> Image {
        let path = path(record)
        let first = try ImageFile.load(path: path, orientation: orientation).image
        if first.width == record.width && first.height == record.height { return first }
        if first.width == record.height && first.height == record.width {
            let other = try ImageFile.load(
                path: path, orientation: orientation == .apply ? .asStored : .apply
            ).image
            if other.width == record.width && other.height == record.height { return other }
        }
        throw DataError(
            .badInput,
            "\(path): is \(first.width)x\(first.height), image \(record.id) is declared \(record.width)x\(record.height)",
            hint: "is it the image that the list means?")
    }
}
