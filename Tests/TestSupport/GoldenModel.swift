internal import Foundation
package import Tensors

/// The golden numbers of a whole network, by torchvision's state-dict keys.
///
/// A tensor's kind follows from its name.
package struct GoldenModel {
    /// Endings of the paths of each residual block's last norm.
    private let lastNorms: [String]
    /// Gains other than sqrt(2), by module path.
    private let gains: [String: Double]
    /// Means of biases other than 0, by module path.
    private let biasShifts: [String: Double]
    /// Paths of norms that their names do not show to be norms.
    private let norms: Set<String>

    package init(
        lastNorms: [String], gains: [String: Double] = [:], biasShifts: [String: Double] = [:],
        norms: Set<String> = []
    ) {
        (self.lastNorms, self.gains, self.biasShifts, self.norms) = (lastNorms, gains, biasShifts, norms)
    }

    /// - name: such as `layer2.0.downsample.1.running_var`; shape: OIHW, [O, I] or [C].
    package func tensor(_ name: String, shape: [Int]) -> Tensor {
        let parts = name.split(separator: ".")
        let path = parts.dropLast().joined(separator: ".")
        let isNorm =
            parts.count > 1 && parts[parts.count - 2].hasPrefix("bn") || path.hasSuffix("downsample.1")
            || path.hasSuffix(".gn") || norms.contains(path)
        let (scale, shift): (Double, Double)
        switch parts.last {
        case "running_mean": (scale, shift) = (0.2, 0)
        case "running_var": (scale, shift) = (0.4, 1)
        case "weight" where isNorm:
            (scale, shift) = (0.2, lastNorms.contains { path.hasSuffix($0) } ? 0.3 : 1)
        case "scale": (scale, shift) = (0.2, 1)
        case "bias" where isNorm: (scale, shift) = (0.1, 0)
        case "bias": (scale, shift) = (0.05, biasShifts[path] ?? 0)
        default:
            let fanIn = Double(shape.dropFirst().reduce(1, *))
            (scale, shift) = (3.0.squareRoot() * (gains[path] ?? 2.0.squareRoot()) / fanIn.squareRoot(), 0)
        }
        let count = shape.reduce(1, *)
        return Tensor(GoldenWeights.values(name, count: count, scale: scale, shift: shift), shape: shape)
    }
}
