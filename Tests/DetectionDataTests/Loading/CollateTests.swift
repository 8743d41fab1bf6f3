import DetectionData
import Foundation
import Randomness
import TestSupport
import Testing

@Suite struct CollateTests {
    private func sample(_ width: Int, _ height: Int, _ value: UInt8, id: Int = 1) -> Sample {
        Sample(
            image: Image(width: width, height: height, colour: (value, value, value)), boxes: [], labels: [],
            boxIDs: [], imageID: id)
    }

    private let plain = PixelNormalization(mean: [1, 2, 3], standardDeviation: [1, 2, 4])

    @Test func imagesLieTopLeftInACommonSizeAndPaddingIsZero() throws {
        let batch = try Collate(size: .multiple(of: 8), normalization: plain).batch([
            sample(9, 3, 11), sample(4, 10, 21),
        ])
        #expect((batch.count, batch.width, batch.height) == (2, 16, 16))
        for (index, (width, height, value)) in [(9, 3, Float(11)), (4, 10, 21)].enumerated() {
            for y in 0..<16 {
                for x in 0..<16 {
                    let start = ((index * 16 + y) * 16 + x) * 3
                    let expected: [Float] =
                        x < width && y < height ? [value - 1, (value - 2) / 2, (value - 3) / 4] : [0, 0, 0]
                    #expect(Array(batch.pixels[start..<start + 3]) == expected)
                }
            }
            #expect((batch.targets[index].validWidth, batch.targets[index].validHeight) == (width, height))
        }
    }

    /// The published pipelines pad before they normalise, so inner padding is -mean / deviation.
    @Test func paddingByATransformIsNormalised() throws {
        var inner = sample(5, 5, 9)
        var random = RandomSource(seed: 0, purpose: .test)
        PadToMultiple(8).apply(to: &inner, random: &random)
        let batch = try Collate(size: .multiple(of: 16), normalization: plain).batch([inner])
        #expect(Array(batch.pixels[7 * 3..<9 * 3]) == [-1, -1, -0.75, 0, 0, 0])
        #expect((batch.targets[0].validWidth, batch.width) == (5, 16))
    }

    @Test func fixedSizeIsTheSameForEveryBatchOrRefused() throws {
        let collate = Collate(size: .fixed(width: 20, height: 10), normalization: plain)
        let batch = try collate.batch([sample(3, 3, 0)])
        #expect((batch.width, batch.height) == (20, 10))
        let error = #expect(throws: DataError.self) {
            try collate.batch([sample(20, 10, 0), sample(4, 11, 0, id: 77)])
        }
        #expect(error?.message == "image 77 is 4x11 after its transforms, the fixed batch size is 20x10")
    }

    private struct View: Decodable {
        let size: [Int]
        let new: [Int]
        let padded: [Int]
    }

    /// Resize, flip, normalise and pad of one picture, against OpenCV called as mmcv calls it.
    @Test func aViewIsTheReferences() throws {
        let view = try JSONDecoder().decode(View.self, from: Golden.data("data/view.json"))
        var image = Image(width: view.size[0], height: view.size[1])
        for y in 0..<image.height {
            for x in 0..<image.width {
                for c in 0..<3 {
                    let value = x * 7 + y * 13 + c * 50 + (x * y) % 31
                    image.pixels[(y * image.width + x) * 3 + c] = UInt8(value & 255)
                }
            }
        }
        var sample = Sample(image: image, boxes: [], labels: [], boxIDs: [], imageID: 1)
        var random = RandomSource(seed: 0, purpose: .test)
        Pipeline([FixedResize(shortSide: 80, maximumLongSide: 133), RandomFlip(probability: 1)])
            .apply(to: &sample, random: &random)
        #expect([sample.image.width, sample.image.height] == view.new)
        let batch = try Collate(size: .multiple(of: 32), normalization: .imageNet).batch([sample])
        #expect([batch.width, batch.height] == view.padded)
        let expected = try Golden.data("data/view.f32").withUnsafeBytes { bytes in
            bytes.bindMemory(to: UInt32.self).map { Float(bitPattern: UInt32(littleEndian: $0)) }
        }
        #expect(expected.count == batch.pixels.count)
        let worst = zip(batch.pixels, expected).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
        #expect(worst <= 1e-6)
    }
}
