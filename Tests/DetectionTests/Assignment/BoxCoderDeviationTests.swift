import Detection
import DetectionData
import Testing

@Suite struct BoxCoderDeviationTests {
    private let deviations = BoxCoder.Deviations(x: 0.1, y: 0.1, width: 0.2, height: 0.2)
    private let reference = Box(x1: 10, y1: 20, x2: 50, y2: 40)

    /// A shift by a quarter of the width and a half of the height; e times as wide: divided by hand.
    @Test func offsetsAreDividedByTheirDeviations() {
        let wide: Float = 40 * 2.718281828
        let box = Box(x1: 40 - wide / 2, y1: 30, x2: 40 + wide / 2, y2: 50)
        var deltas: [Float] = [0, 0, 0, 0]
        BoxCoder.encode(reference: reference, box: box, deviations, into: &deltas)
        for (value, expected) in zip(deltas, [2.5, 5, 5, 0] as [Float]) { #expect(abs(value - expected) < 1e-5) }
        let back = BoxCoder.decode(reference: reference, deltas: deltas, deviations)
        #expect(abs(back.x1 - box.x1) < 1e-3 && abs(back.y2 - box.y2) < 1e-3)
    }
}
