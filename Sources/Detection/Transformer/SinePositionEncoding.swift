internal import Foundation
internal import Tensors

/// A place's row and column as sines and cosines of many wavelengths, counted over the picture alone.
///
/// With p the place from 0 to 2π: channel k of an axis is sin(p / 10000^(k / F)) for even k, and the cosine
/// of the same for the odd k that follows. Rows come first, then columns.
/// - Source: Carion et al. 2020, A.4; numerics as facebookresearch/detr's `PositionEmbeddingSine`,
///   normalised.
struct SinePositionEncoding {
    /// Channels of both axes together.
    let channels: Int

    private let temperature = 10000.0
    private let epsilon = 1e-6

    /// - Returns: [N, H W, channels].
    func callAsFunction(_ grid: TokenGrid) -> Tensor {
        let (height, width) = (grid.height, grid.width)
        let out = Tensor(uninitialized: [grid.count, height * width, channels])
        let half = channels / 2
        let wavelengths = (0..<half).map { pow(temperature, Double($0 / 2 * 2) / Double(half)) }
        for n in 0..<grid.count {
            let valid = { (y: Int, x: Int) in grid.isPadding[(n * height + y) * width + x] ? 0.0 : 1.0 }
            let rows = (0..<width).map { x in Self.counts((0..<height).map { valid($0, x) }) }
            let columns = (0..<height).map { y in Self.counts((0..<width).map { valid(y, $0) }) }
            for y in 0..<height {
                for x in 0..<width {
                    let cell = out.floats + ((n * height + y) * width + x) * channels
                    write(rows[x][y], of: rows[x][height - 1], wavelengths, to: cell)
                    write(columns[y][x], of: columns[y][width - 1], wavelengths, to: cell + half)
                }
            }
        }
        return out
    }

    private func write(
        _ count: Double, of total: Double, _ wavelengths: [Double], to channels: UnsafeMutablePointer<Float>
    ) {
        let place = count / (total + epsilon) * 2 * .pi
        for (k, length) in wavelengths.enumerated() {
            channels[k] = Float(k.isMultiple(of: 2) ? sin(place / length) : cos(place / length))
        }
    }

    /// Running sums.
    private static func counts(_ values: [Double]) -> [Double] {
        values.reduce(into: []) { $0.append(($0.last ?? 0) + $1) }
    }
}
