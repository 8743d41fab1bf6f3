import Detection
import TestSupport
import Testing

/// Fails unless each picture's objects are those of the fixture's `<key>.<picture>`, in its order.
/// - firstLabel: the fixture's label of our first class.
func expectDetections(
    _ found: [[DetectedObject]], _ golden: GoldenTensors, _ key: String = "detections", firstLabel: Int = 0,
    relative tolerance: Double = Tolerance.detector, sourceLocation: SourceLocation = #_sourceLocation
) throws {
    for (i, objects) in found.enumerated() {
        let key = "\(key).\(i)"
        #expect(
            objects.map { Int($0.label) + firstLabel } == (try golden.integers("\(key).labels")), "\(key)",
            sourceLocation: sourceLocation)
        expectClose(
            objects.map(\.score), try golden.floats("\(key).scores"), relative: tolerance, "\(key) scores",
            sourceLocation: sourceLocation)
        expectClose(
            objects.map(\.box), try golden.boxes("\(key).boxes"), relative: tolerance, "\(key) boxes",
            sourceLocation: sourceLocation)
    }
}
