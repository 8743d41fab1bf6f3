import Foundation
import TestSupport
import Testing

@testable import DetectionData

@Suite struct NormalizedImageTests {
    private func ramp() throws -> (image: Image, expected: [Float]) {
        let image = Image(width: 256, height: 1, pixels: (0..<768).map { UInt8($0 / 3) })
        let bytes = [UInt8](try Golden.data("images/normalized_ramp.f32"))
        let expected = bytes.withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map { index in
                let bits = bytes.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)
                return Float(bitPattern: UInt32(littleEndian: bits))
            }
        }
        return (image, expected)
    }

    @Test func everyValueEqualsTheReferenceToTheBit() throws {
        let (image, expected) = try ramp()
        var values = [Float](repeating: .nan, count: 768)
        values.withUnsafeMutableBufferPointer { image.normalized(into: $0, rowStride: 768) }
        let wrong = zip(values, expected).filter { $0 != $1 }
        #expect(wrong.isEmpty, "\(wrong.count) values, the first \(String(describing: wrong.first))")
    }

    @Test func rowsAreWrittenAtTheStrideAndNothingBetween() throws {
        let row = try ramp().image
        for (width, height) in [(1, 3), (16, 2), (17, 4), (40, 3)] {
            let image = row.cropped(x: 5, y: 0, width: width, height: 1)
            let tall = Image(
                width: width, height: height,
                pixels: Array(repeating: image.pixels, count: height).flatMap { $0 })
            let rowStride = width * 3 + 7
            var reference = [Float](repeating: 0, count: width * 3)
            reference.withUnsafeMutableBufferPointer { image.normalized(into: $0, rowStride: width * 3) }
            var values = [Float](repeating: 99, count: rowStride * height)
            values.withUnsafeMutableBufferPointer { tall.normalized(into: $0, rowStride: rowStride) }
            for y in 0..<height {
                let row = Array(values[y * rowStride..<y * rowStride + width * 3])
                #expect(row == reference)
                #expect(values[y * rowStride + width * 3..<(y + 1) * rowStride].allSatisfy { $0 == 99 })
            }
        }
    }
}
