import DetectionData
import Randomness
import Testing

@Suite struct BoxAndPadTests {
    private func apply(_ transform: some Transform, to sample: Sample) -> Sample {
        var result = sample
        var random = RandomSource(seed: 1, purpose: .test)
        transform.apply(to: &result, random: &random)
        var untouched = RandomSource(seed: 1, purpose: .test)
        #expect(random.nextWord() == untouched.nextWord(), "draws although it says it does not")
        return result
    }

    private let sample = Sample(
        image: Image(width: 33, height: 64, colour: (7, 8, 9)),
        boxes: [
            Box(x1: 0, y1: 0, x2: 0.01, y2: 5), Box(x1: 1, y1: 1, x2: 9, y2: 9),
            Box(x1: 3, y1: 4, x2: 9, y2: 4),
            Box(x1: 3, y1: 4, x2: 3.02, y2: 4.02),
        ], labels: [4, 5, 6, 7], boxIDs: [0, 1, 2, 3], imageID: 1)

    @Test func filterKeepsLabelsAndIDsOfWhatStays() {
        let filtered = apply(FilterBoxes(minimumSide: 0.01), to: sample)
        #expect(filtered.boxes == [sample.boxes[1], sample.boxes[3]])
        #expect(filtered.labels == [5, 7])
        #expect(filtered.boxIDs == [1, 3])
    }

    @Test func topKKeepsTheFirst() {
        let top = apply(SelectTopKProposals(2), to: sample)
        #expect(top.boxes == Array(sample.boxes[0..<2]) && top.labels == [4, 5] && top.boxIDs == [0, 1])
        #expect(apply(SelectTopKProposals(4), to: sample).boxes.count == 4)
        #expect(apply(SelectTopKProposals(50), to: sample).boxes.count == 4)
    }

    @Test func paddingIsBlackAndOutsideTheValidSize() {
        let padded = apply(PadToMultiple(32), to: sample)
        #expect((padded.image.width, padded.image.height) == (64, 64))
        #expect((padded.validWidth, padded.validHeight) == (33, 64))
        #expect(padded.boxes == sample.boxes)
        let row = Array(padded.image.pixels[(40 * 64) * 3..<(41 * 64) * 3])
        #expect(row[(32 * 3)..<(33 * 3)] == [7, 8, 9])
        #expect(row[(33 * 3)...].allSatisfy { $0 == 0 })
    }
}
