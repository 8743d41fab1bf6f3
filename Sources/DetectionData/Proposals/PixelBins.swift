/// For every pixel and channel the histogram bins of its colour and of its gradient along four axes.
///
/// Gradients are Scharr derivatives along x, y and the two diagonals (a first derivative is steerable, so the
/// diagonals are sum and difference of the other two). Each axis counts as two orientations, one per sign; a
/// pixel lies in the zero bin of the other sign, so one signed bin of 20 holds both.
/// - Source: Uijlings et al., IJCV 2013, section 3.2; ranges as OpenCV's (each orientation by its own
///   maximum).
struct PixelBins {
    static let colourBinCount = 25
    static let textureBinCount = 10
    static let axisCount = 4
    /// Bytes per pixel and channel: colour, then the axes.
    static let stride = 1 + axisCount

    let channelCount: Int
    /// [pixel, channel, stride]: colour bin 0..<25; axis bin 0..<10 for gradients of 0 and more, 10..<20
    /// below.
    let bins: [UInt8]

    init(_ planes: ColourPlanes) {
        channelCount = planes.channelCount
        let count = planes.samples.count * Self.stride
        let pixelStride = planes.channelCount * Self.stride
        bins = [UInt8](unsafeUninitializedCapacity: count) { out, initialized in
            initialized = count
            guard let target = out.baseAddress else { return }
            var gradients = ChannelGradients(pixelCount: planes.pixelCount)
            planes.samples.withUnsafeBufferPointer { samples in
                for channel in 0..<planes.channelCount {
                    guard let plane = samples.baseAddress.map({ $0 + channel * planes.pixelCount }) else {
                        return
                    }
                    gradients.compute(plane, width: planes.width, height: planes.height)
                    let bytes = target + channel * Self.stride
                    for i in 0..<planes.pixelCount {
                        let bin = (Int32(plane[i]) &* Int32(Self.colourBinCount)) >> 8
                        bytes[i &* pixelStride] = UInt8(truncatingIfNeeded: bin)
                    }
                    gradients.writeBins(to: bytes + 1, pixelStride: pixelStride)
                }
            }
        }
    }
}
