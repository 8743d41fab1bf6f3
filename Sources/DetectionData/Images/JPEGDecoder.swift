import CJPEG

/// JPEG files to RGB through libjpeg-turbo: baseline, progressive and arithmetic coding, grey, YCbCr, CMYK,
/// YCCK. Files of 12 or 16 bits and lossless ones are refused. Integer IDCT and smooth chroma upsampling, as
/// OpenCV and Pillow decode.
package enum JPEGDecoder {
    /// How much smaller than stored the picture is decoded; sides are rounded up. The low frequencies alone
    /// are transformed, which costs a fraction of a full decoding.
    package enum Scale: Int32, Sendable, CaseIterable {
        case full = 1
        case half = 2
        case quarter = 4
        case eighth = 8
    }

    /// Width and height as stored, from the header.
    /// - name: what an error calls the file.
    /// - Throws: if the header cannot be read, or declares more than `pixelLimit` pixels.
    package static func size(
        of bytes: [UInt8], name: String, pixelLimit: Int = PixelLimit.standard
    ) throws(DataError) -> (width: Int, height: Int) {
        let report = try header(of: bytes, name: name, scale: .full, pixelLimit: pixelLimit)
        return (Int(report.width), Int(report.height))
    }

    /// Decodes the first picture in `bytes` as stored, without an EXIF turn.
    /// - name: what an error or warning calls the file.
    /// - pixelLimit: applies to the full size, whatever `scale` is.
    package static func decode(
        _ bytes: [UInt8], name: String, damage: DamagePolicy = .refuse, scale: Scale = .full,
        pixelLimit: Int = PixelLimit.standard
    ) throws(DataError) -> LoadedImage {
        let header = try header(of: bytes, name: name, scale: scale, pixelLimit: pixelLimit)
        let (width, height) = (Int(header.scaled_width), Int(header.scaled_height))
        let byteCount = width * height * 3
        var report = cjpeg_report()
        var status: Int32 = 0
        let pixels = [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
            status = cjpeg_decode(
                bytes, bytes.count, scale.rawValue, UInt64(pixelLimit), damage == .refuse ? 1 : 0,
                buffer.baseAddress, byteCount, &report)
            count = status == Int32(CJPEG_OK) ? byteCount : 0
        }
        try check(status, report, name: name)
        let warning =
            report.damage_count == 0
            ? nil : "\(name): kept in part, \(text(of: report)), \(report.damage_count) places"
        return LoadedImage(
            image: Image(width: width, height: height, pixels: pixels), fullWidth: Int(header.width),
            fullHeight: Int(header.height), reduction: Int(scale.rawValue), warning: warning)
    }

    private static func header(
        of bytes: [UInt8], name: String, scale: Scale, pixelLimit: Int
    ) throws(DataError) -> cjpeg_report {
        var report = cjpeg_report()
        let status = cjpeg_read_header(bytes, bytes.count, scale.rawValue, UInt64(pixelLimit), &report)
        try check(status, report, name: name)
        return report
    }

    private static func check(_ status: Int32, _ report: cjpeg_report, name: String) throws(DataError) {
        switch Int(status) {
        case CJPEG_OK: return
        case CJPEG_UNSUPPORTED:
            throw DataError(
                .badInput, "\(name): unsupported JPEG file: \(text(of: report))",
                hint: "store it as 8-bit baseline JPEG")
        case CJPEG_TOO_LARGE:
            throw DataError(
                .badInput, "\(name): image too large: \(text(of: report))", hint: "shrink it or leave it out")
        default:
            throw DataError(
                .badInput, "\(name): damaged JPEG file: \(text(of: report))",
                hint: "fetch it again or leave it out")
        }
    }

    private static func text(of report: cjpeg_report) -> String {
        withUnsafeBytes(of: report.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
