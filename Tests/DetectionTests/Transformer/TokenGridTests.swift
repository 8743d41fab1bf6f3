import DetectionData
import TestSupport
import Testing

@testable import Detection

@Suite struct TokenGridTests {
    /// Two rows, three columns, the last column padded; 128 channels an axis. Numbers of
    /// facebookresearch/detr.
    @Test func encodingHasThePublishedNumbers() {
        let grid = TokenGrid(
            count: 1, height: 2, width: 3, isPadding: [false, false, true, false, false, true])
        let encoding = SinePositionEncoding(channels: 256)(grid)
        func value(_ y: Int, _ x: Int, _ channel: Int) -> Double {
            Double(encoding.floats[(y * 3 + x) * 256 + channel])
        }
        let expected: [(Int, Int, Int, Double)] = [
            (0, 0, 0, 0.000001), (0, 0, 1, -1), (0, 0, 2, 0.408752), (0, 0, 3, -0.912645),
            (0, 0, 126, 0.000363),
            (0, 0, 127, 1), (0, 0, 128, 0.000001), (0, 0, 129, -1), (0, 0, 130, 0.408752),
            (1, 1, 2, -0.746092),
            (1, 1, 3, 0.665843), (0, 2, 0, 0), (0, 2, 1, 1), (0, 2, 2, 0), (0, 2, 130, -0.746092),
        ]
        for (y, x, channel, number) in expected {
            #expect(abs(value(y, x, channel) - number) < 2e-6, "cell \(y) \(x), channel \(channel)")
        }
    }

    /// 801 rows on 26: every 30.8th one, so a picture of 770 rows ends within the last cell but one.
    @Test func cellsAskTheNearestPixel() {
        let targets = [makeTarget([], width: 64, height: 801), makeTarget([], width: 33, height: 770)]
        let grid = TokenGrid(targets, inputHeight: 801, inputWidth: 64, height: 26, width: 2)
        #expect(!grid.isPadding[0..<52].contains(true))
        let second = Array(grid.isPadding[52...])
        // Row 25 asks pixel 770, which is the first below the picture; column 1 asks pixel 32, inside it.
        #expect(second[..<50].allSatisfy { !$0 } && second[50...] == [true, true])
        #expect(grid.keyPadding != nil)
        #expect(
            TokenGrid([targets[0]], inputHeight: 801, inputWidth: 64, height: 26, width: 2).keyPadding == nil)
    }
}
