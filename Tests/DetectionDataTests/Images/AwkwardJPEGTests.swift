import Testing

@testable import DetectionData

/// Every file of `Golden/images/awkward_jpegs`, whose README says what is odd about each.
@Suite struct AwkwardJPEGTests {
    enum Answer: Sendable {
        /// Pixels as in `expected/`, within a few grey levels for another IDCT or interpolation of chroma.
        case pixels(tolerance: Int)
        /// This size; no reference picture.
        case size(Int, Int)
        /// An error with these words, whatever the policy.
        case error(String)
        /// An error with these words by default, this size and a warning where damage is let through.
        case damaged(String, Int, Int)
    }

    static let table: [(String, Answer)] = [
        ("testorig.jpg", .pixels(tolerance: 0)),
        ("hopper.jpg", .pixels(tolerance: 0)),
        ("grayscale.jpg", .pixels(tolerance: 0)),
        ("grayscale_sampling2x2.jpg", .pixels(tolerance: 2)),
        ("restart_markers.jpg", .pixels(tolerance: 2)),
        ("qtables_16bit.jpg", .pixels(tolerance: 0)),
        ("non_interleaved_420.jpg", .pixels(tolerance: 0)),
        ("arithmetic.jpg", .pixels(tolerance: 0)),
        ("mozilla-progressive.jpg", .pixels(tolerance: 2)),
        ("progressive_non_interleaved.jpg", .pixels(tolerance: 2)),
        ("progressive_missing_ac.jpg", .pixels(tolerance: 2)),
        ("progressive_missing_dc.jpg", .damaged("Inconsistent progression", 8, 8)),
        ("progressive_truncated.jpg", .damaged("remature end", 100, 100)),
        ("mozilla-cmyk.jpg", .pixels(tolerance: 2)),
        ("mozilla-cmyk_subsampled.jpg", .pixels(tolerance: 2)),
        ("ycck.jpg", .pixels(tolerance: 0)),
        ("exif_1.jpg", .size(1800, 1200)),
        ("exif_3.jpg", .size(1800, 1200)),
        ("exif_5.jpg", .size(1200, 1800)),
        ("exif_6.jpg", .size(1200, 1800)),
        ("exif_8_2x1.jpg", .pixels(tolerance: 0)),
        ("exif_invalid.jpg", .pixels(tolerance: 0)),
        ("wide_1000x1.jpg", .pixels(tolerance: 2)),
        ("tall_1x1000.jpg", .pixels(tolerance: 2)),
        ("wide_16384x1.jpg", .pixels(tolerance: 0)),
        ("tall_1x16384.jpg", .pixels(tolerance: 0)),
        ("junk_before_sof.jpg", .size(1024, 768)),
        ("ff00_in_header.jpg", .pixels(tolerance: 0)),
        ("truncated_app14.jpg", .pixels(tolerance: 0)),
        ("data_before_eoi.jpg", .pixels(tolerance: 2)),
        ("ff_fill_before_eoi.jpg", .size(640, 480)),
        ("scanner_trailing_image.jpg", .size(1744, 2464)),
        ("stereo_two_images.jpg", .size(640, 480)),
        ("twelve_bit.jpg", .error("unsupported")),
        ("lossless_16bit.jpg", .error("unsupported")),
        ("bomb_65535x65535.jpg", .error("too large")),
        ("height_0.jpg", .error("Empty JPEG image")),
        ("corrupt_huffman.jpg", .error("Huffman")),
        ("corrupt_dc.jpg", .damaged("remature end", 144, 144)),
        ("no_scan.jpg", .error("damaged JPEG file")),
        ("empty.jpg", .error("empty file")),
        ("png_named.jpg", .pixels(tolerance: 0)),
        ("baseline_truncated.jpg", .damaged("remature end", 128, 128)),
        ("no_huffman_tables.jpg", .size(227, 149)),
        ("jpeg_named.png", .size(128, 128)),
    ]

    private func load(_ name: String, _ damage: DamagePolicy = .refuse) throws -> LoadedImage {
        try ImageFile.load(
            path: ImageGolden.path("awkward_jpegs/\(name)"), orientation: .asStored, damage: damage)
    }

    @Test(arguments: table.map(\.0).indices) func decodesOrRefusesAsTheTableSays(row: Int) throws {
        let (name, answer) = Self.table[row]
        switch answer {
        case .pixels(let tolerance):
            let stem = name.prefix { $0 != "." }
            let expected = try ImageGolden.ppm("awkward_jpegs/expected/\(stem).ppm")
            let loaded = try load(name)
            #expect(loaded.warning == nil)
            let difference = try #require(largestDifference(loaded.image, expected), "sizes differ")
            #expect(difference <= tolerance, "\(name)")
        case .size(let width, let height):
            let image = try load(name).image
            #expect(image.width == width && image.height == height, "\(name)")
        case .error(let words):
            for policy in [DamagePolicy.refuse, .keepPartial] {
                let error = #expect(throws: DataError.self) { try load(name, policy) }
                let text = error?.description ?? ""
                #expect(text.contains(words) && text.contains(name), "\(text)")
            }
        case .damaged(let words, let width, let height):
            let error = #expect(throws: DataError.self) { try load(name) }
            let text = error?.description ?? ""
            #expect(text.contains(words) && text.contains(name), "\(text)")
            let partial = try load(name, .keepPartial)
            #expect(partial.image.width == width && partial.image.height == height)
            #expect(partial.warning?.contains(words) == true && partial.warning?.contains(name) == true)
        }
    }

    @Test func readsTheSizeOfEveryDecodableFileFromItsHeader() throws {
        for (name, _) in Self.table {
            guard let image = try? load(name, .keepPartial).image else { continue }
            let path = ImageGolden.path("awkward_jpegs/\(name)")
            let size = try ImageFile.size(path: path, orientation: .asStored)
            #expect(size.width == image.width && size.height == image.height, "\(name)")
        }
    }

    @Test func truncatedFileKeepsItsUpperRows() throws {
        let whole = try load("hopper.jpg").image
        let partial = try load("baseline_truncated.jpg", .keepPartial).image
        let upperRowsAgree = partial.pixels.prefix(128 * 3 * 56) == whole.pixels.prefix(128 * 3 * 56)
        #expect(upperRowsAgree)
        #expect(largestDifference(partial, whole) ?? 0 > 50)
    }

    @Test func missingCoefficientsCountAsZero() throws {
        let partial = try load("progressive_missing_dc.jpg", .keepPartial).image
        let expected = try ImageGolden.ppm("awkward_jpegs/expected/progressive_missing_dc.ppm")
        #expect(try #require(largestDifference(partial, expected)) <= 2)
    }

    @Test func missingHuffmanTablesAreTheStandardOnes() throws {
        #expect(try load("no_huffman_tables.jpg").image == load("testorig.jpg").image)
    }

    @Test func namesOfFilesDoNotMatter() throws {
        #expect(try load("jpeg_named.png").image == load("hopper.jpg").image)
    }

    @Test func strayBytesAreNoDamageInAnyPolicy() throws {
        for name in [
            "junk_before_sof.jpg", "ff00_in_header.jpg", "data_before_eoi.jpg", "stereo_two_images.jpg",
            "scanner_trailing_image.jpg",
        ] {
            #expect(try load(name, .keepPartial).warning == nil, "\(name)")
        }
    }

    /// The camera's note applied, a landscape looks as the upright one does, recompressed; without, it does not.
    @Test(arguments: ["exif_3.jpg", "exif_5.jpg", "exif_6.jpg"])
    func orientedPicturesAreNearTheUprightOne(name: String) throws {
        func meanDifference(_ a: Image, _ b: Image) -> Double {
            let sum = zip(a.pixels, b.pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
            return Double(sum) / Double(a.pixels.count)
        }
        let upright = try load("exif_1.jpg").image
        let path = ImageGolden.path("awkward_jpegs/\(name)")
        let turned = try ImageFile.load(path: path, orientation: .apply).image
        #expect(turned.width == 1800 && turned.height == 1200)
        // 1.6, 3.3 and 3.7 with Pillow.
        #expect(meanDifference(turned, upright) < 4)
        #expect(try meanDifference(load(name).image, upright) > 40)
    }

    @Test func invalidEXIFCountsAsUpright() throws {
        let bytes = try FileBytes.read(ImageGolden.path("awkward_jpegs/exif_invalid.jpg")).bytes
        #expect(EXIFOrientation(jpeg: bytes) == .upright)
    }

    /// Cut anywhere and with any byte changed: an answer or an error, never a crash or a hang.
    @Test(arguments: [
        "hopper.jpg", "mozilla-progressive.jpg", "exif_8_2x1.jpg", "restart_markers.jpg", "mozilla-cmyk.jpg",
    ])
    func survivesCutAndChangedBytes(name: String) throws {
        let bytes = try FileBytes.read(ImageGolden.path("awkward_jpegs/\(name)")).bytes
        var refused = 0
        for length in stride(from: 0, to: bytes.count, by: 7) {
            let cut = Array(bytes[0..<length])
            if (try? ImageFile.decode(cut, name: name)) == nil { refused += 1 }
            _ = try? ImageFile.decode(cut, name: name, damage: .keepPartial, pixelLimit: 1 << 22)
        }
        #expect(refused > bytes.count / 7 * 9 / 10)
        for position in stride(from: 2, to: bytes.count, by: 3) {
            for value: UInt8 in [0x00, 0xFF, bytes[position] ^ 0x55] {
                var changed = bytes
                changed[position] = value
                _ = try? ImageFile.decode(changed, name: name, pixelLimit: 1 << 22)
                _ = try? ImageFile.decode(changed, name: name, damage: .keepPartial, pixelLimit: 1 << 22)
            }
        }
    }
}
