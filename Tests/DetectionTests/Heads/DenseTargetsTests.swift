import Detection
import DetectionData
import Tensors
import TestSupport
import Testing

@Suite struct DenseTargetsTests {
    private let anchors = AnchorGenerator(baseScale: 4, scalesPerOctave: 1, ratios: [1], strides: [8])
        .anchors(
            [(8, 12)], inputHeight: 64, inputWidth: 96)

    @Test func anchorsOnTheBatchsPaddingAreIgnoredEvenIfMatched() {
        // A box that reaches into the padding right of column 64.
        let target = makeTarget([Box(x1: 40, y1: 16, x2: 72, y2: 48)], width: 60, height: 64)
        let matcher = MaxIoUMatcher(positive: 0.5, negative: 0.4, lowQuality: .claimingBox)
        let assigned = DenseTargets.assign(anchors, target, matcher)
        let whole = matcher.match(anchors.boxes, target.boxes)
        for i in assigned.indices {
            #expect(assigned[i] == (i % 12 < 8 ? whole[i] : MaxIoUMatcher.ignored))
        }
        #expect(assigned.contains(0) && whole.indices.contains { whole[$0] == 0 && assigned[$0] == -2 })
    }

    @Test func offsetsBelongToTheirAnchors() {
        // Anchor 4 12 + 6: around (48, 32), 32 x 32.
        let box = Box(x1: 40, y1: 16, x2: 72, y2: 48)
        let deltas = DenseTargets.deltas([box, box], anchors, [4 * 12 + 6, 4 * 12 + 7])
        #expect(deltas.shape == [2, 4])
        expectClose(deltas.values, [0.25, 0, 0, 0, 0, 0, 0, 0], relative: 1e-6)
    }
}
