import CPNG

/// PNG files to RGB through libpng: palette and grey expanded, 16 bits scaled to 8, alpha dropped (as OpenCV
/// and Pillow do when asked for three channels), gamma left alone.
package enum PNGDecoder {
    /// Width and height as stored, from the header.
    /// - name: what an error calls the file.
    /// - Throws: if the header cannot be read, or declares more than `pixelLimit` pixels.
    package static func size(
        of bytes: [UInt8], name: String, pixelLimit: Int = PixelLimit.standard
    ) throws(DataError) -> (width: Int, height: Int) {
        var report = cpng_report()
        let status = cpng_read_header(bytes, bytes.count, UInt64(pixelLimit), &report)
        try check(status, report, name: name)
        return (Int(report.width), Int(report.height))
    }

    /// Decodes `bytes` as stored, without an EXIF turn. With `.keepPartial`, rows that could not be read are
    /// black.
    /// - name: what an error or warning calls the file.
    package static func decode(
        _ bytes: [UInt8], name: String, damage: DamagePolicy = .refuse, pixelLimit: Int = PixelLimit.standard
    ) throws(DataError) -> LoadedImage {
        let (width, height) = try size(of: bytes, name: name, pixelLimit: pixelLimit)
        var image = Image(width: width, height: height)
        var report = cpng_report()
        let capacity = image.pixels.count
        let status = cpng_decode(bytes, bytes.count, UInt64(pixelLimit), &image.pixels, capacity, &report)
        if status == Int32(CPNG_DAMAGED), damage == .keepPartial {
            let rows = "\(report.row_count) of \(height) rows"
            return LoadedImage(
                image: image, warning: "\(name): kept in part, \(text(of: report)), \(rows) complete")
        }
        try check(status, report, name: name)
        return LoadedImage(image: image, warning: nil)
    }

    private static func check(_ status: Int32, _ report: cpng_report, name: String) throws(DataError) {
        switch Int(status) {
        case CPNG_OK: return
        case CPNG_TOO_LARGE:
            throw DataError(
                .badInput, "\(name): image too large: \(text(of: report))", hint: "shrink it or leave it out")
        default:
            throw DataError(
                .badInput, "\(name): damaged PNG file: \(text(of: report))",
                hint: "fetch it again or leave it out")
        }
    }

    private static func text(of report: cpng_report) -> String {
        withUnsafeBytes(of: report.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
