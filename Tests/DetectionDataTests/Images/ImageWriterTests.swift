import Foundation
import Testing

@testable import DetectionData

@Suite struct ImageWriterTests {
    private func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("writer-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder.path)
    }

    @Test func pngGivesBackEveryPixel() throws {
        try withFolder { folder in
            let small = try ImageGolden.source("small")
            for image in [
                small, Image(width: 1, height: 1, colour: (1, 2, 3)),
                ImageGolden.noise(width: 31, height: 17),
            ] {
                try ImageWriter.write(image, to: folder + "/a.PNG")
                #expect(try ImageFile.load(path: folder + "/a.PNG").image == image)
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.PNG"])
        }
    }

    @Test func jpegStaysNearThePhotograph() throws {
        try withFolder { folder in
            let photo = try ImageGolden.source("photo")
            for name in ["a.jpg", "b.JPEG"] {
                try ImageWriter.write(photo, to: "\(folder)/\(name)")
                let again = try ImageFile.load(path: "\(folder)/\(name)").image
                #expect(again.width == 640 && again.height == 480)
                let error = zip(again.pixels, photo.pixels).reduce(0.0) {
                    $0 + Double(abs(Int($1.0) - Int($1.1)))
                }
                #expect(error / Double(photo.pixels.count) < 1.5)
            }
        }
    }

    @Test func largeNoisyPicturesOutgrowTheFirstBuffer() throws {
        let noise = ImageGolden.noise(width: 500, height: 400)
        let bytes = try ImageWriter.jpeg(noise)
        #expect(bytes.count > 1 << 16)
        #expect(try ImageFile.decode(bytes, name: "noise").image.width == 500)
    }

    @Test func errorsNameThePath() throws {
        let image = Image(width: 2, height: 2)
        let ending = #expect(throws: DataError.self) { try ImageWriter.write(image, to: "/tmp/a.gif") }
        #expect(ending?.kind == .usage && ending?.description.contains("/tmp/a.gif") == true)
        let folder = #expect(throws: DataError.self) { try ImageWriter.write(image, to: "/nowhere/a.png") }
        #expect(folder?.kind == .output)
        #expect(folder?.description == "/nowhere/a.png: cannot be created: No such file or directory")
        let wide = #expect(throws: DataError.self) {
            try ImageWriter.write(Image(width: 65_501, height: 1), to: "/tmp/wide.jpg")
        }
        #expect(wide?.description.contains("/tmp/wide.jpg: cannot be written as JPEG") == true)
        #expect(throws: DataError.self) { try ImageWriter.png(Image(width: 0, height: 0)) }
    }

    @Test func aFailedWriteLeavesNothingBehind() throws {
        try withFolder { folder in
            let taken = folder + "/taken.png"
            try FileManager.default.createDirectory(atPath: taken, withIntermediateDirectories: true)
            #expect(throws: DataError.self) { try ImageWriter.write(Image(width: 2, height: 2), to: taken) }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["taken.png"])
        }
    }
}
