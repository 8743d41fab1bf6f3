/// Puts samples into one batch: normalises, and pads to one common size with 0 after normalisation. Padding that a
/// transform put inside an image is picture here and is normalised with it, as in the published pipelines.
package struct Collate: Sendable {
    /// How large the padded images of a batch are.
    package enum Size: Sendable, Equatable {
        /// The largest width and height in the batch, each rounded up to a multiple.
        case multiple(of: Int)
        /// The same for every batch, for networks and benchmarks that want constant shapes.
        case fixed(width: Int, height: Int)
    }

    private let size: Size
    private let normalization: PixelNormalization

    package init(size: Size, normalization: PixelNormalization) {
        self.size = size
        self.normalization = normalization
    }

    /// - Throws: where a sample does not fit a fixed size; names its image.
    package func batch(_ samples: [Sample]) throws(DataError) -> Batch {
        precondition(!samples.isEmpty, "a batch without samples")
        let (width, height) = try commonSize(samples)
        let imageCount = height * width * 3
        let pixels = [Float](unsafeUninitializedCapacity: samples.count * imageCount) { pixels, count in
            for (index, sample) in samples.enumerated() {
                let out = UnsafeMutableBufferPointer(
                    rebasing: pixels[index * imageCount..<(index + 1) * imageCount])
                sample.image.normalized(into: out, rowStride: width * 3, by: normalization)
                Self.clearPadding(around: sample.image, in: out, rowStride: width * 3)
            }
            count = samples.count * imageCount
        }
        return Batch(
            count: samples.count, height: height, width: width, pixels: pixels, targets: samples.map(\.target)
        )
    }

    private static func clearPadding(
        around image: Image, in out: UnsafeMutableBufferPointer<Float>, rowStride: Int
    ) {
        for y in 0..<image.height {
            out[y * rowStride + image.width * 3..<(y + 1) * rowStride].update(repeating: 0)
        }
        out[(image.height * rowStride)...].update(repeating: 0)
    }

    private func commonSize(_ samples: [Sample]) throws(DataError) -> (width: Int, height: Int) {
        switch size {
        case .multiple(let divisor):
            let width = samples.reduce(1) { max($0, $1.image.width) }
            let height = samples.reduce(1) { max($0, $1.image.height) }
            return ((width + divisor - 1) / divisor * divisor, (height + divisor - 1) / divisor * divisor)
        case .fixed(let width, let height):
            if let sample = samples.first(where: { $0.image.width > width || $0.image.height > height }) {
                throw DataError(
                    .usage,
                    "image \(sample.imageID) is \(sample.image.width)x\(sample.image.height) after its transforms, "
                        + "the fixed batch size is \(width)x\(height)",
                    hint: "resize smaller or fix a larger size")
            }
            return (width, height)
        }
    }
}
