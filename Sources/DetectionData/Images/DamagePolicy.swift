/// What to do with an image file that is cut off or whose pixel data is corrupt.
package enum DamagePolicy: Sendable {
    /// Throw.
    case refuse
    /// Keep what the decoder makes of it, grey or black where there is nothing, and say so in
    /// `LoadedImage.warning`. Files whose headers are broken, or that hold no picture, still throw.
    case keepPartial
}
