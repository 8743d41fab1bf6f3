/// A decoded image file.
package struct LoadedImage: Sendable {
    package let image: Image
    /// Width and height of the picture in the file, turned as `image` is; larger than `image` where it was decoded
    /// reduced.
    package let fullWidth: Int
    package let fullHeight: Int
    /// Pixels of the file along each side of a pixel of `image`: 1, 2, 4 or 8.
    package let reduction: Int
    /// One line for the log if the picture is incomplete, which only `DamagePolicy.keepPartial` lets through.
    package let warning: String?

    init(
        image: Image, fullWidth: Int? = nil, fullHeight: Int? = nil, reduction: Int = 1, warning: String?
    ) {
        self.image = image
        self.fullWidth = fullWidth ?? image.width
        self.fullHeight = fullHeight ?? image.height
        self.reduction = reduction
        self.warning = warning
    }
}
