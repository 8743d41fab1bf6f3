package import Tensors

/// Numbers that follow from a name, by the rule of `Golden/README.md`: fixtures leave out large weights.
package enum GoldenWeights {
    /// FNV-1a, 64 bits, of the name in UTF-8.
    package static func seed(_ name: String) -> UInt64 {
        name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    /// h(i): the finaliser of seed + (i + 1) times the golden ratio.
    package static func hash(_ seed: UInt64, _ i: Int) -> UInt64 {
        var z = seed &+ UInt64(i + 1) &* 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// The first `count` elements of `name`, uniform in shift ± scale, row-major in torch's order.
    package static func values(_ name: String, count: Int, scale: Double = 1, shift: Double = 0) -> [Float] {
        let seed = seed(name)
        return (0..<count).map { i in
            Float(scale * (2 * (Double(hash(seed, i) >> 40) * 0x1p-24) - 1) + shift)
        }
    }

    /// Where an array called `name` with `size` elements was sampled.
    package static func positions(_ name: String, size: Int, count: Int) -> [Int] {
        let seed = seed("sample." + name)
        return (0..<count).map { Int(hash(seed, $0) % UInt64(size)) }
    }

    /// A batch of images: generated as [N, C, H, W], returned as [N, H, W, C].
    package static func images(
        _ name: String, count: Int, channels: Int, height: Int, width: Int, scale: Double
    ) -> Tensor {
        let source = values(name, count: count * channels * height * width, scale: scale)
        let out = Tensor(uninitialized: [count, height, width, channels])
        let pixels = height * width
        for n in 0..<count {
            for c in 0..<channels {
                for p in 0..<pixels {
                    out.floats[(n * pixels + p) * channels + c] = source[(n * channels + c) * pixels + p]
                }
            }
        }
        return out
    }
}
