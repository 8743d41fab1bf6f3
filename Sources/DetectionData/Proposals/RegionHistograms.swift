/// Colour and texture histograms of a segmentation's regions.
///
/// A region's row holds the texture (channel, orientation, bin), then the colour (channel, bin), padded with
/// zeros to whole vectors; each of the two adds up to 1.
struct RegionHistograms {
    typealias Vector = SIMD8<Float>

    /// Vectors of a row; the first `textureCount` of them are texture.
    let rowCount: Int
    let textureCount: Int
    var vectors: [Vector]

    init(_ bins: PixelBins, _ map: LabelMap, sizes: [Int32]) {
        let channelCount = bins.channelCount
        let textureLength = channelCount * 2 * PixelBins.axisCount * PixelBins.textureBinCount
        let colourLength = channelCount * PixelBins.colourBinCount
        textureCount = textureLength / Vector.scalarCount
        let colourVectorCount = (colourLength + Vector.scalarCount - 1) / Vector.scalarCount
        rowCount = textureCount + colourVectorCount
        vectors = [Vector](repeating: .zero, count: rowCount * map.regionCount)

        let counts = Self.counts(bins, map)
        let rowLength = rowCount * Vector.scalarCount
        vectors.withUnsafeMutableBytes { bytes in
            let values = bytes.assumingMemoryBound(to: Float.self)
            for region in 0..<map.regionCount {
                let size = Float(sizes[region]) * Float(channelCount)
                Self.expand(
                    counts, region, channelCount, size: size, into: values, at: region * rowLength,
                    textureLength: textureLength)
            }
        }
    }

    /// Entries per region and channel in the raw counts: colour bins, then 20 signed bins per axis.
    private static let rawCount =
        PixelBins.colourBinCount + PixelBins.axisCount * 2 * PixelBins.textureBinCount

    /// Pixels per region, channel and bin.
    private static func counts(_ bins: PixelBins, _ map: LabelMap) -> [Int32] {
        var counts = [Int32](repeating: 0, count: map.regionCount * bins.channelCount * rawCount)
        let (channelCount, axisBins) = (bins.channelCount, 2 * PixelBins.textureBinCount)
        counts.withUnsafeMutableBufferPointer { counts in
            map.labels.withUnsafeBufferPointer { labels in
                bins.bins.withUnsafeBufferPointer { bins in
                    guard let start = counts.baseAddress, var pixel = bins.baseAddress else { return }
                    for i in 0..<labels.count {
                        var row = start + Int(labels[i]) &* (channelCount &* rawCount)
                        for _ in 0..<channelCount {
                            row[Int(pixel[0])] &+= 1
                            let axes = row + PixelBins.colourBinCount
                            axes[Int(pixel[1])] &+= 1
                            axes[axisBins &+ Int(pixel[2])] &+= 1
                            axes[2 &* axisBins &+ Int(pixel[3])] &+= 1
                            axes[3 &* axisBins &+ Int(pixel[4])] &+= 1
                            row += rawCount
                            pixel += PixelBins.stride
                        }
                    }
                }
            }
        }
        return counts
    }

    private static func expand(
        _ counts: [Int32], _ region: Int, _ channelCount: Int, size: Float,
        into values: UnsafeMutableBufferPointer<Float>, at row: Int, textureLength: Int
    ) {
        let binCount = PixelBins.textureBinCount
        let colourScale = 1 / size
        let textureScale = 1 / (size * Float(2 * PixelBins.axisCount))
        for channel in 0..<channelCount {
            let raw = (region * channelCount + channel) * rawCount
            let colour = row + textureLength + channel * PixelBins.colourBinCount
            for bin in 0..<PixelBins.colourBinCount {
                values[colour + bin] = Float(counts[raw + bin]) * colourScale
            }
            for axis in 0..<PixelBins.axisCount {
                let signed = raw + PixelBins.colourBinCount + axis * 2 * binCount
                let rising = row + (channel * PixelBins.axisCount + axis) * 2 * binCount
                let falling = rising + binCount
                var (risingCount, fallingCount): (Int32, Int32) = (0, 0)
                for bin in 0..<binCount {
                    risingCount += counts[signed + bin]
                    fallingCount += counts[signed + binCount + bin]
                    values[rising + bin] = Float(counts[signed + bin]) * textureScale
                    values[falling + bin] = Float(counts[signed + binCount + bin]) * textureScale
                }
                // A pixel of one sign has no gradient of the other: its lowest bin, or for falling ones its
                // highest.
                values[rising] += Float(fallingCount) * textureScale
                values[falling + binCount - 1] += Float(risingCount) * textureScale
            }
        }
    }
}
