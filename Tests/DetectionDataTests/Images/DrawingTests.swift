import Testing

@testable import DetectionData

@Suite struct DrawingTests {
    private func isColour(_ image: Image, _ x: Int, _ y: Int, _ colour: (UInt8, UInt8, UInt8)) -> Bool {
        let at = (y * image.width + x) * 3
        return image.pixels[at] == colour.0 && image.pixels[at + 1] == colour.1
            && image.pixels[at + 2] == colour.2
    }

    @Test func outlineLiesInsideTheBox() {
        var image = Image(width: 200, height: 100)
        Drawing.draw(
            boxes: [Box(x1: 20, y1: 40, x2: 60, y2: 80)], labels: [1], names: ["a", "b"], on: &image)
        let colour = Drawing.colour(of: 1)
        for x in 20..<60 {
            #expect(isColour(image, x, 40, colour) && isColour(image, x, 79, colour))
        }
        for y in 40..<80 {
            #expect(isColour(image, 20, y, colour) && isColour(image, 59, y, colour))
        }
        for (x, y) in [(21, 41), (40, 60), (58, 78), (60, 60), (19, 60), (40, 80)] {
            #expect(isColour(image, x, y, (0, 0, 0)), "\(x) \(y)")
        }
    }

    @Test func captionStandsAboveTheBoxInItsColour() {
        var image = Image(width: 200, height: 100, colour: (9, 9, 9))
        Drawing.draw(boxes: [Box(x1: 20, y1: 40, x2: 60, y2: 80)], labels: [0], names: ["I"], on: &image)
        // Strip of 9 x 11 pixels; the letter begins two pixels in.
        let strip = Drawing.colour(of: 0)
        let expected = [".###.", "..#..", "..#..", "..#..", "..#..", "..#..", ".###."]
        for y in 29..<40 {
            for x in 20..<29 {
                let (row, column) = (y - 31, x - 22)
                let inLetter = (0..<7).contains(row) && (0..<5).contains(column)
                let isInk = inLetter && Array(expected[row])[column] == "#"
                #expect(isColour(image, x, y, isInk ? (255, 255, 255) : strip), "\(x) \(y)")
            }
        }
        #expect(isColour(image, 29, 35, (9, 9, 9)) && isColour(image, 24, 28, (9, 9, 9)))
    }

    @Test func everyASCIICharacterHasItsOwnGlyph() {
        var seen: [[Bool]: Unicode.Scalar] = [:]
        for value in UInt8(32)...126 {
            let letter = Unicode.Scalar(value)
            let bits = (0..<35).map { BitmapFont.isSet(letter, x: $0 % 5, y: $0 / 5) }
            #expect(seen.updateValue(letter, forKey: bits) == nil, "\(letter)")
        }
    }

    @Test func boxesOfHigherScoreLieOnTop() {
        var image = Image(width: 100, height: 100)
        let boxes = [Box(x1: 10, y1: 50, x2: 60, y2: 90), Box(x1: 10, y1: 50, x2: 60, y2: 90)]
        Drawing.draw(boxes: boxes, labels: [3, 4], scores: [0.9, 0.2], names: [], on: &image)
        #expect(isColour(image, 59, 89, Drawing.colour(of: 3)))
    }

    @Test func boxesOutsideAndOddOnesDoNoHarm() {
        var image = Image(width: 40, height: 30)
        let far = Box(x1: -1e30, y1: -5, x2: 1e30, y2: 1e9)
        let broken = Box(x1: .nan, y1: 0, x2: .infinity, y2: 4)
        let inverted = Box(x1: 30, y1: 20, x2: 10, y2: 5)
        Drawing.draw(
            boxes: [far, broken, inverted], labels: [-7, 2, 99], scores: [.nan, 2, -1],
            names: ["ä", "long name"],
            on: &image)
        #expect(isColour(image, 39, 29, (0, 0, 0)))
        var empty = Image(width: 0, height: 0)
        Drawing.draw(boxes: [inverted], labels: [0], names: ["a"], on: &empty)
        #expect(empty.pixels.isEmpty)
    }
}
