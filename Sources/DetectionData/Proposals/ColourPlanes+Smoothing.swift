internal import Foundation

extension ColourPlanes {
    /// All planes under a Gaussian of standard deviation `sigma` pixels, cut at 4 sigma, mirrored at the
    /// borders without repeating the outermost pixel. With sigma 0 or less the samples as they are.
    func smoothed(sigma: Float) -> [Float] {
        let kernel = Self.halfKernel(sigma: sigma)
        var padded = [Float](repeating: 0, count: width + 2 * (kernel.count - 1))
        var rows = [Float](repeating: 0, count: pixelCount)
        return [Float](unsafeUninitializedCapacity: samples.count) { out, count in
            count = samples.count
            samples.withUnsafeBufferPointer { source in
                padded.withUnsafeMutableBufferPointer { padded in
                    rows.withUnsafeMutableBufferPointer { rows in
                        guard let target = out.baseAddress, let source = source.baseAddress,
                            let padded = padded.baseAddress, let rows = rows.baseAddress
                        else { return }
                        for plane in stride(from: 0, to: samples.count, by: pixelCount) {
                            smoothRows(source + plane, kernel, padded, into: rows)
                            smoothColumns(rows, kernel, into: target + plane)
                        }
                    }
                }
            }
        }
    }

    /// - padded: room for a row and a kernel's side at either end.
    private func smoothRows(
        _ source: UnsafePointer<UInt8>, _ kernel: [Float], _ padded: UnsafeMutablePointer<Float>,
        into rows: UnsafeMutablePointer<Float>
    ) {
        let radius = kernel.count - 1
        let centre = UnsafePointer(padded + radius)
        let sides = (1..<kernel.count).map {
            Side(before: centre - $0, after: centre + $0, weight: kernel[$0])
        }
        for y in 0..<height {
            let row = source + y * width
            for x in 0..<width { padded[radius + x] = Float(row[x]) }
            for i in 0..<radius {
                padded[i] = Float(row[Self.mirrored(i - radius, width)])
                padded[radius + width + i] = Float(row[Self.mirrored(width + i, width)])
            }
            Self.weightedSum(centre, kernel[0], sides, width, into: rows + y * width)
        }
    }

    private func smoothColumns(
        _ rows: UnsafePointer<Float>, _ kernel: [Float], into out: UnsafeMutablePointer<Float>
    ) {
        for y in 0..<height {
            let sides = (1..<kernel.count).map { t in
                Side(
                    before: rows + Self.mirrored(y - t, height) * width,
                    after: rows + Self.mirrored(y + t, height) * width, weight: kernel[t])
            }
            Self.weightedSum(rows + y * width, kernel[0], sides, width, into: out + y * width)
        }
    }

    /// Two samples at one distance from the middle.
    private struct Side {
        let before: UnsafePointer<Float>
        let after: UnsafePointer<Float>
        let weight: Float
    }

    /// `weight * centre + sum of side.weight * (side.before + side.after)` at `count` positions.
    private static func weightedSum(
        _ centre: UnsafePointer<Float>, _ weight: Float, _ sides: [Side], _ count: Int,
        into out: UnsafeMutablePointer<Float>
    ) {
        // The compiler cannot see that the pointers do not overlap, so the vectors are spelt out.
        typealias Vector = SIMD8<Float>
        var x = 0
        while x + Vector.scalarCount <= count {
            var sum = UnsafeRawPointer(centre + x).loadUnaligned(as: Vector.self) * weight
            for side in sides {
                let before = UnsafeRawPointer(side.before + x).loadUnaligned(as: Vector.self)
                let after = UnsafeRawPointer(side.after + x).loadUnaligned(as: Vector.self)
                sum += (before + after) * side.weight
            }
            UnsafeMutableRawPointer(out + x).storeBytes(of: sum, as: Vector.self)
            x += Vector.scalarCount
        }
        while x < count {
            var sum = centre[x] * weight
            for side in sides { sum += (side.before[x] + side.after[x]) * side.weight }
            out[x] = sum
            x += 1
        }
    }

    /// The kernel's middle and one side, normalised over both sides.
    private static func halfKernel(sigma: Float) -> [Float] {
        guard sigma > 0 else { return [1] }
        let radius = max(1, Int((4 * sigma).rounded()))
        let raw = (0...radius).map { exp(-Double($0 * $0) / Double(2 * sigma * sigma)) }
        let sum = 2 * raw.reduce(0, +) - raw[0]
        return raw.map { Float($0 / sum) }
    }
}
