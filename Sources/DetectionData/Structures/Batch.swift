/// Images of equal, padded size, normalised, ready for the network. Plain values: this crosses threads.
package struct Batch: Sendable {
    package let count: Int
    /// Multiples of the padding divisor (32 for convolutional detectors).
    package let height: Int
    package let width: Int
    /// `[count, height, width, 3]`, RGB, mean subtracted and divided by the standard deviation, 0 outside each image.
    package let pixels: [Float]
    package let targets: [Target]

    package init(count: Int, height: Int, width: Int, pixels: [Float], targets: [Target]) {
        precondition(pixels.count == count * height * width * 3 && targets.count == count, "batch parts disagree")
        self.count = count
        self.height = height
        self.width = width
        self.pixels = pixels
        self.targets = targets
    }
}
