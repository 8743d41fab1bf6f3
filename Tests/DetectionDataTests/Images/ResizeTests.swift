import Testing

@testable import DetectionData

@Suite struct ResizeTests {
    @Test func sourcesAreTheOnesOfTheGoldenFile() throws {
        for (name, crc) in ImageGolden.all.sources {
            #expect(try crc32(ImageGolden.source(name).pixels) == crc, "\(name)")
        }
    }

    @Test func everySizeEqualsOpenCVToTheBit() throws {
        for golden in ImageGolden.all.resize {
            let image = try Resize.bilinear(
                ImageGolden.source(golden.source), width: golden.width, height: golden.height)
            #expect(
                crc32(image.pixels) == golden.crc, "\(golden.source) to \(golden.width) x \(golden.height)")
        }
    }

    @Test(arguments: [(77, 33), (20, 16)]) func everyPixelEqualsOpenCV(width: Int, height: Int) throws {
        let image = try Resize.bilinear(ImageGolden.source("small"), width: width, height: height)
        #expect(try image == ImageGolden.ppm("full/resize_\(width)x\(height).ppm"))
    }

    @Test func theSameSizeChangesNothing() throws {
        let small = try ImageGolden.source("small")
        #expect(Resize.bilinear(small, width: small.width, height: small.height) == small)
    }
}
