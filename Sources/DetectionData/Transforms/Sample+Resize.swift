extension Sample {
    /// The size that keeps the aspect ratio with `shortSide` reached, unless `maximumLongSide` is reached first:
    /// factor = min(maximumLongSide / long, shortSide / short), each side int(side · factor + 0.5), at least 1.
    /// - Source: mmcv 1.x `rescale_size`.
    static func keepRatioSize(
        width: Int, height: Int, shortSide: Int, maximumLongSide: Int
    ) -> (width: Int, height: Int) {
        let factor = min(
            Double(maximumLongSide) / Double(max(width, height)),
            Double(shortSide) / Double(min(width, height)))
        return (max(1, Int(Double(width) * factor + 0.5)), max(1, Int(Double(height) * factor + 0.5)))
    }

    /// Scales image and boxes to a short side; see `keepRatioSize`. Boxes move by the ratio that rounding left and
    /// are clipped to the new image.
    mutating func resize(shortSide: Int, maximumLongSide: Int, _ resampling: Resampling = .opencv) {
        precondition(
            validWidth == image.width && validHeight == image.height,
            "a padded image is resized: \(validWidth)x\(validHeight) in \(image.width)x\(image.height)")
        let (width, height) = reduction == 1 ? (image.width, image.height) : (originalWidth, originalHeight)
        let size = Self.keepRatioSize(
            width: width, height: height, shortSide: shortSide, maximumLongSide: maximumLongSide)
        let ratioX = Float(Double(size.width) / Double(width))
        let ratioY = Float(Double(size.height) / Double(height))
        let extent = (Double(width) / Double(reduction), Double(height) / Double(reduction))
        image = resampling.bilinear(image, width: size.width, height: size.height, extent: extent)
        reduction = 1
        pictureCrop = pictureCrop.map { $0.scaled(x: Double(ratioX), y: Double(ratioY)) }
        boxes = boxes.map {
            $0.scaled(x: ratioX, y: ratioY).clipped(width: Float(size.width), height: Float(size.height))
        }
        scaleX *= ratioX
        scaleY *= ratioY
        (validWidth, validHeight) = size
    }
}
