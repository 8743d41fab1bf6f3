import Foundation
import TestSupport
import Testing

@testable import Checkpointing

@Suite struct XXH64Tests {
    private struct Expected: Decodable {
        struct Case: Decodable {
            let text: String
            let digest: String
        }
        let xxh64: [Case]
    }

    @Test func agreesWithTheReferenceLibrary() throws {
        let cases = try JSONDecoder().decode(Expected.self, from: Golden.data("checkpoints/expected.json"))
            .xxh64
        #expect(cases.count == 6)
        for item in cases {
            #expect(XXH64.text([UInt8](item.text.utf8)[...]) == item.digest, "\(item.text.prefix(20))")
        }
    }

    @Test func piecesGiveTheDigestOfTheWhole() throws {
        let content = [UInt8](try Golden.data("checkpoints/python.safetensors"))
        for width in [1, 5, 31, 32, 33, 100] {
            var state = XXH64()
            for start in stride(from: 0, to: content.count, by: width) {
                state.update(content[start...].prefix(width))
            }
            #expect(state.digest == XXH64.digest(content[...]), "pieces of \(width)")
        }
    }

    /// zstd closes a frame with the low half of the content's XXH64 (RFC 8878, 3.1.1).
    @Test func lowHalfIsTheChecksumOfAZstdFrame() throws {
        let content = [UInt8](try Golden.data("checkpoints/python.safetensors"))
        let frame = [UInt8](try Golden.data("checkpoints/python.safetensors.zst"))
        let checksum = frame.suffix(4).withUnsafeBytes {
            UInt32(littleEndian: $0.loadUnaligned(as: UInt32.self))
        }
        #expect(UInt32(truncatingIfNeeded: XXH64.digest(content[...])) == checksum)
    }
}
