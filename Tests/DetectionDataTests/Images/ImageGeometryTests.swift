import Testing

@testable import DetectionData

@Suite struct ImageGeometryTests {
    /// Red counts columns, green rows.
    private func grid(_ width: Int, _ height: Int) -> Image {
        var pixels: [UInt8] = []
        for y in 0..<height { for x in 0..<width { pixels += [UInt8(x), UInt8(y), 200] } }
        return Image(width: width, height: height, pixels: pixels)
    }

    private func pixel(_ image: Image, _ x: Int, _ y: Int) -> [UInt8] {
        Array(image.pixels[(y * image.width + x) * 3..<(y * image.width + x) * 3 + 3])
    }

    @Test func flipMirrorsColumnsAndKeepsChannelOrder() {
        for width in [1, 2, 5] {
            let flipped = grid(width, 3).flippedHorizontally()
            for y in 0..<3 {
                for x in 0..<width { #expect(pixel(flipped, x, y) == [UInt8(width - 1 - x), UInt8(y), 200]) }
            }
        }
    }

    @Test func padAddsBlackRightAndBelow() {
        let padded = grid(3, 2).padded(toWidth: 5, height: 4)
        #expect(padded.width == 5 && padded.height == 4)
        for y in 0..<4 {
            for x in 0..<5 {
                #expect(pixel(padded, x, y) == (x < 3 && y < 2 ? [UInt8(x), UInt8(y), 200] : [0, 0, 0]))
            }
        }
        #expect(Image(width: 0, height: 0).padded(toWidth: 2, height: 1).pixels == [0, 0, 0, 0, 0, 0])
    }

    @Test func padToADivisorRoundsUpOnly() {
        let padded = grid(33, 32).padded(toMultipleOf: 32)
        #expect(padded.width == 64 && padded.height == 32)
        let fitting = grid(32, 64)
        #expect(fitting.padded(toMultipleOf: 32) == fitting)
    }

    @Test func cropTakesTheNamedPart() {
        let crop = grid(6, 5).cropped(x: 2, y: 1, width: 3, height: 4)
        for y in 0..<4 { for x in 0..<3 { #expect(pixel(crop, x, y) == [UInt8(x + 2), UInt8(y + 1), 200]) } }
        #expect(grid(6, 5).cropped(x: 6, y: 5, width: 0, height: 0).pixels.isEmpty)
    }
}
