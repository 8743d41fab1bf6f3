/// Image files, told apart by their first bytes and never by their name.
package enum ImageFile {
    /// What becomes of the orientation a camera noted.
    package enum Orientation: Sendable {
        /// Turn the picture upright, as OpenCV does on loading.
        case apply
        /// Leave the rows as they lie in the file. COCO's annotations are made for this one.
        case asStored
    }

    /// Reads and decodes the JPEG or PNG file at `path`.
    /// - bound: what the picture will be shrunk to at most; nil decodes every pixel.
    /// - Throws: one line that names the file.
    package static func load(
        path: String, orientation: Orientation = .apply, damage: DamagePolicy = .refuse,
        pixelLimit: Int = PixelLimit.standard, bound: DecodeBound? = nil
    ) throws(DataError) -> LoadedImage {
        let bytes = try FileBytes.read(path).bytes
        return try decode(
            bytes, name: path, orientation: orientation, damage: damage, pixelLimit: pixelLimit, bound: bound)
    }

    /// `load` for a file that is in memory already; errors call it `name`.
    package static func decode(
        _ bytes: [UInt8], name: String, orientation: Orientation = .apply, damage: DamagePolicy = .refuse,
        pixelLimit: Int = PixelLimit.standard, bound: DecodeBound? = nil
    ) throws(DataError) -> LoadedImage {
        let stored: LoadedImage
        let turn: EXIFOrientation
        switch try Format(bytes, name: name) {
        case .jpeg:
            turn = orientation == .apply ? EXIFOrientation(jpeg: bytes) : .upright
            var scale = JPEGDecoder.Scale.full
            if let bound {
                let size = try JPEGDecoder.size(of: bytes, name: name, pixelLimit: pixelLimit)
                scale = bound.scale(width: size.width, height: size.height, turned: turn != .upright)
            }
            stored = try JPEGDecoder.decode(
                bytes, name: name, damage: damage, scale: scale, pixelLimit: pixelLimit)
        case .png:
            stored = try PNGDecoder.decode(bytes, name: name, damage: damage, pixelLimit: pixelLimit)
            turn = orientation == .apply ? EXIFOrientation(png: bytes) : .upright
        }
        guard turn != .upright else { return stored }
        let (width, height) = (stored.fullWidth, stored.fullHeight)
        return LoadedImage(
            image: stored.image.turned(turn), fullWidth: turn.swapsSides ? height : width,
            fullHeight: turn.swapsSides ? width : height, reduction: stored.reduction, warning: stored.warning)
    }

    /// Width and height that `load` would give, from the header alone.
    package static func size(
        path: String, orientation: Orientation = .apply, pixelLimit: Int = PixelLimit.standard
    ) throws(DataError) -> (width: Int, height: Int) {
        // Most headers end within the first pages; previews and colour profiles push some further.
        let start = try FileBytes.read(path, limit: 1 << 16)
        if let size = try? size(start.bytes, name: path, orientation: orientation, pixelLimit: pixelLimit) {
            return size
        }
        let bytes = start.isWhole ? start.bytes : try FileBytes.read(path).bytes
        return try size(bytes, name: path, orientation: orientation, pixelLimit: pixelLimit)
    }

    private static func size(
        _ bytes: [UInt8], name: String, orientation: Orientation, pixelLimit: Int
    ) throws(DataError) -> (width: Int, height: Int) {
        let stored: (width: Int, height: Int)
        let turn: EXIFOrientation
        switch try Format(bytes, name: name) {
        case .jpeg:
            stored = try JPEGDecoder.size(of: bytes, name: name, pixelLimit: pixelLimit)
            turn = EXIFOrientation(jpeg: bytes)
        case .png:
            stored = try PNGDecoder.size(of: bytes, name: name, pixelLimit: pixelLimit)
            turn = EXIFOrientation(png: bytes)
        }
        return orientation == .apply && turn.swapsSides ? (stored.height, stored.width) : stored
    }

    private enum Format {
        case jpeg, png

        init(_ bytes: [UInt8], name: String) throws(DataError) {
            if bytes.starts(with: [0xFF, 0xD8]) {
                self = .jpeg
            } else if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
                self = .png
            } else if bytes.isEmpty {
                throw DataError(.badInput, "\(name): empty file", hint: "fetch it again or leave it out")
            } else {
                throw DataError(
                    .badInput, "\(name): neither a JPEG nor a PNG file", hint: "convert it or leave it out")
            }
        }
    }
}
