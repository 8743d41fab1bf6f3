import DetectionData
import Foundation
import TestSupport
import Testing

/// 10,000 pairs of masks against pycocotools, by digests of blocks: see `Golden/masks/make_digests.py`, which draws them
/// the same way.
@Suite struct RLEMaskDigestTests {
    private struct Expected: Decodable { let seed: UInt64, block: Int, digests: [String] }

    /// SplitMix64 (Steele, Lea, Flood 2014).
    private struct Draws {
        var state: UInt64

        mutating func word() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }

        mutating func below(_ limit: Int) -> Int { Int(word() % UInt64(limit)) }
    }

    private func bitmap(_ draws: inout Draws, _ width: Int, _ height: Int) -> RLEMask {
        var pixels = [UInt8](repeating: 0, count: width * height)
        if draws.below(2) == 0 {
            let density = UInt64(draws.below(257))
            for i in stride(from: 0, to: pixels.count, by: 8) {
                let word = draws.word()
                for k in 0..<min(8, pixels.count - i) where (word >> UInt64(8 * k)) & 255 < density {
                    pixels[i + k] = 1
                }
            }
        } else {
            for _ in 0..<draws.below(4) {
                let (x, y) = (draws.below(width), draws.below(height))
                let (w, h) = (draws.below(width - x) + 1, draws.below(height - y) + 1)
                for row in y..<y + h { for column in x..<x + w { pixels[row * width + column] = 1 } }
            }
        }
        return RLEMask(width: width, height: height, pixels: pixels)
    }

    private func polygon(_ draws: inout Draws, _ width: Int, _ height: Int) -> [Double] {
        let unit = draws.below(2) == 0 ? 100 : 10
        var corners: [Double] = []
        for _ in 0..<3 + draws.below(10) {
            for side in [width, height] {
                corners.append(Double(draws.below(3 * side * unit) - side * unit) / Double(unit))
            }
        }
        return corners
    }

    private func mask(_ draws: inout Draws, _ width: Int, _ height: Int) -> RLEMask {
        if draws.below(2) == 0 { return bitmap(&draws, width, height) }
        var parts: [[Double]] = []
        for _ in 0..<1 + draws.below(2) { parts.append(polygon(&draws, width, height)) }
        return RLEMask(width: width, height: height, polygons: parts)
    }

    private func line(_ draws: inout Draws) throws -> String {
        let (width, height) = (1 + draws.below(80), 1 + draws.below(60))
        let pair = [mask(&draws, width, height), mask(&draws, width, height)]
        var line = "\(width)x\(height)\n"
        for mask in pair + [.union(pair), .intersection(pair)] {
            let box = mask.boundingBox
            // Through the text, as a results file would.
            let pixels = try RLEMask(width: width, height: height, text: mask.text).pixels
            let place = pixels.enumerated().reduce(0) { $0 + ($1.element == 0 ? 0 : $1.offset + 1) }
            let numbers = [box.x1, box.y1, box.width, box.height].map { "\(Int($0))" }.joined(separator: ", ")
            line += "\(mask.text) \(mask.area) [\(numbers)] \(place)\n"
        }
        return line
    }

    @Test func tenThousandPairsOfMasksAreTheReferences() throws {
        let expected = try JSONDecoder().decode(Expected.self, from: Golden.data("masks/digests.json"))
        #expect(expected.block * expected.digests.count == 10_000)
        var draws = Draws(state: expected.seed)
        for (block, digest) in expected.digests.enumerated() {
            var value: UInt64 = 0xCBF2_9CE4_8422_2325
            for _ in 0..<expected.block {
                for byte in try line(&draws).utf8 { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
            }
            #expect(String(format: "%016lx", value) == digest, "block \(block)")
        }
    }
}
