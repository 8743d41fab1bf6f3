/// Where an image that was cut out of a picture lies in it, in the image's own pixels.
package struct PictureCrop: Sendable, Equatable {
    /// The image's left upper corner.
    package let x: Double
    package let y: Double
    /// The whole picture's size.
    package let width: Double
    package let height: Double

    package init(x: Double, y: Double, width: Double, height: Double) {
        (self.x, self.y, self.width, self.height) = (x, y, width, height)
    }

    func scaled(x ratioX: Double, y ratioY: Double) -> PictureCrop {
        PictureCrop(x: x * ratioX, y: y * ratioY, width: width * ratioX, height: height * ratioY)
    }
}
