import Testing

@testable import Randomness

/// Known answers of the Random123 library, file `kat_vectors`, lines `philox4x32 10`.
@Suite struct PhiloxTests {
    private typealias Words = (UInt32, UInt32, UInt32, UInt32)

    private func expectPhilox(key: (UInt32, UInt32), counter: Words, gives expected: Words) {
        #expect(RandomSource.philox(key: key, counter: counter) == expected)
    }

    @Test func zerosGiveTheKnownAnswer() {
        expectPhilox(
            key: (0, 0), counter: (0, 0, 0, 0), gives: (0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
    }

    @Test func onesGiveTheKnownAnswer() {
        expectPhilox(
            key: (.max, .max), counter: (.max, .max, .max, .max),
            gives: (0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
    }

    @Test func digitsOfPiGiveTheKnownAnswer() {
        expectPhilox(
            key: (0xa409_3822, 0x299f_31d0), counter: (0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344),
            gives: (0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
    }

    @Test func wordsComeFromConsecutiveBlocksInOrder() {
        var random = RandomSource(seed: 7, epoch: 3, sample: 5, purpose: .test)
        let words = (0..<8).map { _ in random.nextWord() }
        let purpose = RandomPurpose.test.rawValue << 24
        let blocks = (UInt32(0)..<2).flatMap { block in
            let (a, b, c, d) = RandomSource.philox(key: (7, 0), counter: (block, 5, purpose, 3))
            return [a, b, c, d]
        }
        #expect(words == blocks)
    }
}
