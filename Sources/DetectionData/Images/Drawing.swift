/// Boxes with labels drawn on a picture, for people to look at.
package enum Drawing {
    /// Draws each box as an outline with a strip that names its class and score, in the class's colour.
    ///
    /// Boxes with higher scores come out on top; line width and letters grow with the picture. Parts outside
    /// the picture and boxes with a coordinate that is not a number are not drawn.
    /// - boxes: in pixels of `image`.
    /// - labels: one per box, index into `names`; a label outside shows its number.
    /// - scores: one per box, or nil for boxes without scores, which are drawn in their order.
    /// - names: ASCII; other characters show as question marks.
    package static func draw(
        boxes: [Box], labels: [Int32], scores: [Float]? = nil, names: [String], on image: inout Image
    ) {
        precondition(
            labels.count == boxes.count && scores?.count ?? boxes.count == boxes.count,
            "\(boxes.count) boxes, \(labels.count) labels, \(scores?.count ?? boxes.count) scores")
        var order = boxes.indices.filter { boxes[$0].isFinite }
        if let scores { order.sort { (scores[$0], $1) < (scores[$1], $0) } }
        let shortSide = min(image.width, image.height)
        let thickness = max(1, (shortSide + 120) / 240)
        let letterScale = max(1, (shortSide + 200) / 500)
        for index in order {
            outline(
                PixelBox(boxes[index]), thickness: thickness, colour: colour(of: labels[index]), on: &image)
        }
        for index in order {
            let text = caption(label: labels[index], score: scores?[index], names: names)
            write(
                text, at: PixelBox(boxes[index]), letterScale: letterScale, colour: colour(of: labels[index]),
                on: &image)
        }
    }

    /// The colour of a class: one of twenty that are told apart at a glance, then again from the first.
    package static func colour(of label: Int32) -> (UInt8, UInt8, UInt8) {
        let count = Int32(palette.count)
        let (red, green, blue) = palette[Int((label % count + count) % count)]
        return (red, green, blue)
    }

    private static let palette: [(UInt8, UInt8, UInt8)] = [
        (230, 40, 60), (40, 150, 240), (60, 190, 75), (255, 190, 0), (150, 50, 190), (0, 200, 200),
        (245, 120, 30), (240, 80, 220), (140, 210, 0), (20, 80, 200), (160, 90, 40), (255, 140, 160),
        (0, 130, 110), (190, 150, 255), (140, 0, 40), (120, 130, 0), (130, 220, 255), (250, 225, 120),
        (20, 100, 40), (90, 60, 140),
    ]

    private static func caption(label: Int32, score: Float?, names: [String]) -> String {
        let index = Int(label)
        let name = names.indices.contains(index) ? names[index] : "class \(label)"
        guard let score, score.isFinite else { return name }
        let hundredths = Int((min(max(score, 0), 1) * 100).rounded())
        return "\(name) \(hundredths / 100).\(hundredths / 10 % 10)\(hundredths % 10)"
    }

    private static func outline(
        _ box: PixelBox, thickness: Int, colour: (UInt8, UInt8, UInt8), on image: inout Image
    ) {
        let (columns, rows) = (box.left..<box.right, box.top..<box.bottom)
        image.fill(columns, box.top..<min(box.top + thickness, box.bottom), colour)
        image.fill(columns, max(box.bottom - thickness, box.top)..<box.bottom, colour)
        image.fill(box.left..<min(box.left + thickness, box.right), rows, colour)
        image.fill(max(box.right - thickness, box.left)..<box.right, rows, colour)
    }

    /// Above the box where there is room, otherwise inside it; moved to stay in the picture.
    private static func write(
        _ text: String, at box: PixelBox, letterScale scale: Int, colour: (UInt8, UInt8, UInt8),
        on image: inout Image
    ) {
        let letters = text.unicodeScalars
        let width = (letters.count * BitmapFont.advance + 3) * scale
        let height = (BitmapFont.glyphHeight + 4) * scale
        let left = max(0, min(box.left, image.width - width))
        let above = box.top - height
        let top = max(0, min(above >= 0 ? above : box.top, image.height - height))
        image.fill(left..<left + width, top..<top + height, colour)
        let luma = 299 * Int(colour.0) + 587 * Int(colour.1) + 114 * Int(colour.2)
        let ink: (UInt8, UInt8, UInt8) = luma > 140_000 ? (0, 0, 0) : (255, 255, 255)
        for (position, letter) in letters.enumerated() {
            let start = left + (position * BitmapFont.advance + 2) * scale
            for y in 0..<BitmapFont.glyphHeight {
                for x in 0..<BitmapFont.glyphWidth where BitmapFont.isSet(letter, x: x, y: y) {
                    let (column, row) = (start + x * scale, top + (y + 2) * scale)
                    image.fill(column..<column + scale, row..<row + scale, ink)
                }
            }
        }
    }
}

/// A box in whole pixels, at least one wide and high, which may lie outside the picture.
private struct PixelBox {
    let left: Int
    let top: Int
    let right: Int
    let bottom: Int

    init(_ box: Box) {
        (left, top) = (Self.pixel(box.x1), Self.pixel(box.y1))
        right = max(left + 1, Self.pixel(box.x2))
        bottom = max(top + 1, Self.pixel(box.y2))
    }

    /// Far outside is as good as any place outside, and fits an integer.
    private static func pixel(_ coordinate: Float) -> Int { Int(min(max(coordinate, -1e6), 1e6).rounded()) }
}

extension Box {
    fileprivate var isFinite: Bool { x1.isFinite && y1.isFinite && x2.isFinite && y2.isFinite }
}

extension Image {
    /// One colour in the part of the rectangle that lies in the picture.
    fileprivate mutating func fill(_ columns: Range<Int>, _ rows: Range<Int>, _ colour: (UInt8, UInt8, UInt8))
    {
        let columns = columns.clamped(to: 0..<width)
        for y in rows.clamped(to: 0..<height) {
            for x in columns {
                let at = (y * width + x) * 3
                (pixels[at], pixels[at + 1], pixels[at + 2]) = colour
            }
        }
    }
}
