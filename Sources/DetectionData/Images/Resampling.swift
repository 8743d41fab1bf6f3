/// Whose arithmetic scales pictures.
package enum Resampling: String, Sendable, CaseIterable {
    /// Between the nearest pixels, without antialiasing: mmdetection's.
    case opencv
    /// Averages when it shrinks, so that nothing aliases: DETR's, SoCo's and detectron2's.
    case pillow

    /// - extent: the picture's size in pixels of `image`, from its top left corner.
    func bilinear(
        _ image: Image, width: Int, height: Int, extent: (width: Double, height: Double)
    ) -> Image {
        switch self {
        case .opencv: Resize.bilinear(image, width: width, height: height, extent: extent)
        case .pillow:
            PillowResize.bilinear(
                image, width: width, height: height, box: (0, 0, extent.width, extent.height))
        }
    }
}
