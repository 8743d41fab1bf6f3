/// How large a decoded photograph has to be: at least what a resize to these sides asks for.
///
/// A JPEG picture that will be shrunk to half its size or less is decoded at 1/2, 1/4 or 1/8, from its low frequencies
/// alone: a fraction of the work and of the memory, and smooth where bilinear sampling would skip pixels.
package struct DecodeBound: Sendable, Equatable {
    /// The largest sides any resize asks for, as `Sample.keepRatioSize` takes them.
    package let shortSide: Int
    package let maximumLongSide: Int

    package init(shortSide: Int, maximumLongSide: Int) {
        precondition(shortSide > 0 && maximumLongSide > 0, "sides \(shortSide), \(maximumLongSide)")
        self.shortSide = shortSide
        self.maximumLongSide = maximumLongSide
    }

    /// The smallest scale at which a picture still has a pixel for each one that is asked for.
    /// - turned: the picture is mirrored or turned after decoding. Its last row and column may hold less than a whole
    ///   pixel, which is known for the right and lower edge only; so its sides have to be multiples.
    func scale(width: Int, height: Int, turned: Bool) -> JPEGDecoder.Scale {
        let target = Sample.keepRatioSize(
            width: width, height: height, shortSide: shortSide, maximumLongSide: maximumLongSide)
        return [JPEGDecoder.Scale.eighth, .quarter, .half].first { scale in
            let factor = Int(scale.rawValue)
            return target.width * factor <= width && target.height * factor <= height
                && (!turned || width.isMultiple(of: factor) && height.isMultiple(of: factor))
        } ?? .full
    }
}
