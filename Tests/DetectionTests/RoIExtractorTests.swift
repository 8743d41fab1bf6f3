import Detection
import DetectionData
import Tensors
import TestSupport
import Testing

@Suite struct RoIExtractorTests {
    private func extractor(_ rule: RoIExtractor.LevelRule) -> RoIExtractor {
        RoIExtractor(
            align: RoIAlign(bins: 2, sampleCount: 2, isAligned: true), strides: [4, 8, 16, 32], levelRule: rule)
    }

    /// floor(log2(s / 56 + 1e-6)) and floor(4 + log2(s / 224) + 1e-6) - 2 in 0...3, worked out by hand.
    @Test(arguments: [
        (0, 0), (1, 0), (55, 0), (111.9, 0), (112, 1), (223, 1), (224, 2), (447, 2), (448, 3), (5000, 3),
    ] as [(Float, Int)])
    func theLevelFollowsTheSide(side: Float, level: Int) {
        let box = Box(x: 3, y: 5, width: side, height: side)
        #expect(extractor(.finest(side: 56)).level(box) == level)
        #expect(extractor(.canonical(side: 224, level: 4)).level(box) == level)
    }

    @Test func rowsFollowImagesAndCarryTheirPixels() {
        let pyramid = [16, 8, 4, 2].enumerated().map { level, size in
            Variable(
                constant: Tensor(
                    (0..<2).flatMap { n in
                        [Float](repeating: Float(10 * n + level), count: size * size)
                    }, shape: [2, size, size, 1]))
        }
        let small = Box(x: 8, y: 8, width: 20, height: 20)
        let y = extractor(.finest(side: 56))(pyramid, [[small], []], Tape(recording: false))
        #expect(y.shape == [32, 2, 2, 1])
        #expect(y.tensor.prefix(0..<1).values == [0, 0, 0, 0])
        let other = extractor(.finest(side: 56))(pyramid, [[], [small]], Tape(recording: false))
        #expect(other.tensor.prefix(0..<1).values == [10, 10, 10, 10])
    }
}
