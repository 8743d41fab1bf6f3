import Detection
import DetectionData
import TestSupport
import Testing

@Suite struct NonMaximumSuppressionTests {
    /// Boxes of equal height, given by their ends.
    private func object(_ x1: Float, _ x2: Float, _ score: Float, _ label: Int32 = 0) -> DetectedObject {
        DetectedObject(box: Box(x1: x1, y1: 0, x2: x2, y2: 10), score: score, label: label)
    }

    private func scores(_ candidates: [DetectedObject], threshold: Float = 0.5, limit: Int = 100) -> [Float] {
        NonMaximumSuppression.apply(candidates, threshold: threshold, limit: limit).map(\.score)
    }

    @Test func aBetterBoxOfTheSameClassSuppresses() {
        // Overlap 60 of 100.
        #expect(scores([object(0, 80, 0.3), object(20, 100, 0.9)]) == [0.9])
        #expect(scores([object(0, 80, 0.3, 1), object(20, 100, 0.9, 2)]) == [0.9, 0.3])
    }

    @Test func anOverlapOfExactlyTheThresholdIsKept() {
        #expect(scores([object(0, 100, 0.9), object(0, 50, 0.8)]) == [0.9, 0.8])
        #expect(scores([object(0, 100, 0.9), object(0, 50.5, 0.8)]) == [0.9])
    }

    @Test func aSuppressedBoxSuppressesNothing() {
        // The second overlaps both, the first and the third only touch it.
        #expect(scores([object(0, 60, 0.9), object(15, 75, 0.8), object(30, 90, 0.7)]) == [0.9, 0.7])
    }

    @Test func equalScoresKeepTheirOrder() {
        let candidates = [object(0, 10, 0.5, 3), object(100, 110, 0.5, 1), object(0, 10.5, 0.5, 3)]
        let kept = NonMaximumSuppression.apply(candidates, threshold: 0.5, limit: 100)
        #expect(kept.map(\.label) == [3, 1] && kept[0].box.x2 == 10)
    }

    @Test func theBestAreKeptUpToTheLimit() {
        let candidates = (0..<20).map { object(Float($0) * 100, Float($0) * 100 + 10, Float($0) / 20) }
        #expect(scores(candidates, limit: 3) == [0.95, 0.9, 0.85])
        #expect(scores([]) == [])
    }

    @Test func boxesWithoutAreaOverlapNothing() {
        #expect(scores([object(5, 5, 0.9), object(5, 5, 0.8)]) == [0.9, 0.8])
    }

    @Test(arguments: ["crowd", "ties", "sparse", "groups", "one"])
    func survivorsAreTorchvisions(name: String) throws {
        let golden = try GoldenTensors("ops/suppression.safetensors")
        let kept = NonMaximumSuppression.survivors(
            try golden.boxes("\(name).boxes"), scores: try golden.floats("\(name).scores"),
            groups: try golden.labels("\(name).groups"), threshold: try golden.note(name, as: Double.self),
            limit: .max)
        #expect(kept == (try golden.integers("\(name).kept")))
    }
}
