import CJPEG
import CPNG

/// Images to files: written beside their place and renamed, so that a file under its name is whole.
package enum ImageWriter {
    /// Quality of JPEG files on the library's scale of 100.
    private static let jpegQuality: Int32 = 90

    /// Writes PNG or JPEG (quality 90, 4:2:0) by the ending of `path`: `.png`, `.jpg` or `.jpeg`, in any
    /// case.
    /// - Throws: for other endings, sizes the format cannot hold, and files that cannot be written.
    package static func write(_ image: Image, to path: String) throws(DataError) {
        let name = path.lowercased()
        let bytes: [UInt8]
        if name.hasSuffix(".png") {
            bytes = try png(image, name: path)
        } else if name.hasSuffix(".jpg") || name.hasSuffix(".jpeg") {
            bytes = try jpeg(image, name: path)
        } else {
            throw DataError(
                .usage, "\(path): cannot write this kind of image", hint: "end the name in .png or .jpg")
        }
        var failure: DataError?
        bytes.withUnsafeBytes { buffer in
            do throws(DataError) { try FileBytes.write(buffer, to: path) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// A PNG file; errors call it `name`.
    package static func png(_ image: Image, name: String = "image") throws(DataError) -> [UInt8] {
        let (width, height) = try sides(image, name: name)
        let limit = cpng_encoded_limit(width, height)
        var report = cpng_report()
        var status: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            status = cpng_encode(image.pixels, width, height, buffer.baseAddress, limit, &count, &report)
        }
        guard status == Int32(CPNG_OK) else {
            let reason = withUnsafeBytes(of: report.message) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            throw DataError(.output, "\(name): cannot be written as PNG: \(reason)")
        }
        return bytes
    }

    /// A baseline JPEG file; errors call it `name`.
    package static func jpeg(_ image: Image, name: String = "image") throws(DataError) -> [UInt8] {
        let (width, height) = try sides(image, name: name)
        var report = cjpeg_report()
        var encoded: UnsafeMutablePointer<UInt8>?
        var length = 0
        let status = cjpeg_encode(image.pixels, width, height, jpegQuality, &encoded, &length, &report)
        guard status == Int32(CJPEG_OK) else {
            let reason = withUnsafeBytes(of: report.message) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            throw DataError(.output, "\(name): cannot be written as JPEG: \(reason)")
        }
        defer { cjpeg_free(encoded) }
        return [UInt8](UnsafeBufferPointer(start: encoded, count: length))
    }

    private static func sides(_ image: Image, name: String) throws(DataError) -> (UInt32, UInt32) {
        guard let width = UInt32(exactly: image.width), let height = UInt32(exactly: image.height),
            width > 0, height > 0
        else { throw DataError(.output, "\(name): cannot write \(image.width) x \(image.height) pixels") }
        return (width, height)
    }
}
