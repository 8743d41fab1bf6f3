/// A decoded image file.
package struct LoadedImage: Sendable {
    package let image: Image
    /// One line for the log if the picture is incomplete, which only `DamagePolicy.keepPartial` lets through.
    package let warning: String?
}
