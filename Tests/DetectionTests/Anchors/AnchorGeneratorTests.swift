import Detection
import TestSupport
import Testing

@Suite struct AnchorGeneratorTests {
    private let octaves = AnchorGenerator(
        baseScale: 4, scalesPerOctave: 3, ratios: [0.5, 1, 2], strides: [8, 16, 32, 64, 128])

    /// The base anchors that mmdetection's RetinaNet prints at stride 8, to its four decimals.
    @Test func octaveAnchorsAreMMDetections() {
        let expected: [[Float]] = [
            [-22.6274, -11.3137, 22.6274, 11.3137], [-28.5088, -14.2544, 28.5088, 14.2544],
            [-35.9188, -17.9594, 35.9188, 17.9594], [-16, -16, 16, 16],
            [-20.1587, -20.1587, 20.1587, 20.1587],
            [-25.3984, -25.3984, 25.3984, 25.3984], [-11.3137, -22.6274, 11.3137, 22.6274],
            [-14.2544, -28.5088, 14.2544, 28.5088], [-17.9594, -35.9188, 17.9594, 35.9188],
        ]
        #expect(octaves.shapeCount == 9)
        for (level, boxes) in octaves.baseAnchors.enumerated() {
            let factor = Float(1 << level)
            let flat = boxes.flatMap { [$0.0 / factor, $0.1 / factor, $0.2 / factor, $0.3 / factor] }
            expectClose(flat, expected.flatMap { $0 }, relative: 2e-6, "level \(level)")
        }
        let square = octaves.baseAnchors[0][3]
        #expect(square == (-16, -16, 16, 16))
    }

    @Test func anchorsRunOverLevelsRowsColumnsThenShapes() {
        let set = octaves.anchors([(2, 3), (1, 2), (1, 1), (1, 1), (1, 1)], inputHeight: 16, inputWidth: 24)
        #expect(set.count == 9 * (6 + 2 + 3))
        #expect(set.levelStarts == [0, 54, 72, 81, 90, 99])
        #expect(set.levelRange(1) == 54..<72)
        func box(_ i: Int) -> [Float] { Array(set.boxes.values[(4 * i)..<(4 * i + 4)]) }
        #expect(box(3) == [-16, -16, 16, 16])
        #expect(box(9 + 3) == [-8, -16, 24, 16])
        #expect(box(3 * 9 + 3) == [-16, -8, 16, 24])
        #expect(box(54 + 9 + 3) == [-16, -32, 48, 32])
    }

    @Test func roundedAnchorsAreTorchvisions() throws {
        let golden = try GoldenTensors("retinanet/retinanet.safetensors")
        let generator = TorchvisionRetinaNet.anchorGenerator
        let flat = generator.baseAnchors.flatMap { $0.flatMap { [$0.0, $0.1, $0.2, $0.3] } }
        #expect(flat == (try golden.floats("cell_anchors")))
    }

    /// 64 x 96 pixels of which the first picture has 40 x 60, itself padded to 64 x 64.
    @Test func anchorsOnTheBatchsPaddingAreInvalid() {
        let set = octaves.anchors([(8, 12), (4, 6), (2, 3), (1, 2), (1, 1)], inputHeight: 64, inputWidth: 96)
        let flags = set.isValid(width: 60, height: 40)
        for (level, columns) in [8, 4, 2, 1, 1].enumerated() {
            let (rows, width) = (set.sizes[level].height, set.sizes[level].width)
            let range = set.levelRange(level)
            for (i, anchor) in range.enumerated() {
                #expect(
                    flags[anchor] == (i / 9 % width < columns), "level \(level) anchor \(i) of \(rows) rows")
            }
        }
        #expect(set.isValid(width: 96, height: 64).allSatisfy { $0 })
        #expect(
            set.isValid(width: 96, height: 32, divisor: 1).filter { $0 }.count == 9 * (48 + 12 + 3 + 2 + 1))
    }
}
