import Detection
import DetectionData
import Foundation
import TestSupport
import Testing

@Suite struct BoxCoderTests {
    private func encode(_ anchor: [Float], _ box: [Float]) -> [Float] {
        var deltas = [Float](repeating: .nan, count: 4)
        BoxCoder.encode(anchor: anchor, box: box, into: &deltas)
        return deltas
    }

    @Test func offsetsAreInAnchorSizesAndLogarithms() {
        // Centre (50, 40), 20 x 40; the box's centre is (60, 30), its size 40 x 20.
        let deltas = encode([40, 20, 60, 60], [40, 20, 80, 40])
        expectClose(deltas, [0.5, -0.25, Float(log(2.0)), -Float(log(2.0))], relative: 1e-6)
    }

    @Test func decodingUndoesEncoding() {
        let boxes: [[Float]] = [
            [40, 20, 80, 40], [0, 0, 1, 1], [300.5, 2.25, 640, 479], [-30, -10, 5, 400],
        ]
        let anchor: [Float] = [37.25, 18, 60, 71.5]
        for box in boxes {
            let back = BoxCoder.decode(anchor: anchor, deltas: encode(anchor, box))
            expectClose([back.x1, back.y1, back.x2, back.y2], box, relative: 2e-6, "\(box)")
        }
    }

    @Test func sizesAreLimitedToAFactorOf62Point5() {
        let large = BoxCoder.decode(anchor: [0, 0, 2, 4], deltas: [0, 0, 50, 9])
        expectClose([large.width, large.height], [125, 250], relative: 1e-6)
        let small = BoxCoder.decode(anchor: [0, 0, 2, 4], deltas: [0, 0, -50, -9])
        expectClose([small.width, small.height], [2 / 62.5, 4 / 62.5], relative: 1e-4)
    }
}
