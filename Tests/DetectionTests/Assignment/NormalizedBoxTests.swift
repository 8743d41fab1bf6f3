import DetectionData
import TestSupport
import Testing

@testable import Detection

@Suite struct NormalizedBoxTests {
    @Test func generalizedIoUIsThePublishedExample() {
        func box(_ x1: Float, _ y1: Float, _ x2: Float, _ y2: Float) -> NormalizedBox {
            NormalizedBox(Box(x1: x1, y1: y1, x2: x2, y2: y2), imageWidth: 4, imageHeight: 8)
        }
        // 1/7 - 2/9, in pixels as in shares.
        expectClose(
            Double(box(0, 0, 2, 2).generalizedIoU(box(1, 1, 3, 3))), -0.0793651, relative: 1e-5)
        expectClose(Double(box(0, 0, 2, 2).generalizedIoU(box(0, 0, 2, 2))), 1, relative: 1e-6)
        // Apart: 0 - (10 - 2) / 10.
        expectClose(Double(box(0, 0, 1, 1).generalizedIoU(box(0, 9, 1, 10))), -0.8, relative: 1e-5)
    }

    @Test func cornersAndCentresAreInverse() {
        let box = NormalizedBox(Box(x1: 2, y1: 4, x2: 6, y2: 20), imageWidth: 16, imageHeight: 32)
        #expect(box == NormalizedBox(centreX: 0.25, centreY: 0.375, width: 0.25, height: 0.5))
        #expect(box.corners.scaled(x: 16, y: 32) == Box(x1: 2, y1: 4, x2: 6, y2: 20))
    }
}
