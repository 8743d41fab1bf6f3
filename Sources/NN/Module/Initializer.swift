internal import Randomness
internal import Tensors

/// How a parameter's values start.
package enum Initializer: Sendable {
    case constant(Float)
    /// Mean 0 with this standard deviation.
    case normal(Float)
    /// Uniform within ± this bound.
    case uniform(Float)
    /// Deviation sqrt(2 / fan out): the ResNet and ConvModule default (He et al. 2015, "fan_out", ReLU).
    case kaimingNormalFanOut
    /// Bound sqrt(6 / (fan in + fan out)) (Glorot and Bengio 2010).
    case xavierUniform
    /// Bound sqrt(3 / fan in) (kaiming uniform with a = 1): torchvision's pyramid.
    case kaimingUniformFanIn

    package static let zeros = Initializer.constant(0)

    /// Fills `tensor` with numbers that depend on the source alone.
    /// - tensor: [O, I, KH, KW] or [O, I]; other shapes only for `constant`, `normal` and `uniform`.
    func fill(_ tensor: Tensor, _ source: RandomSource) {
        var random = source
        let shape = tensor.shape
        let receptive = shape.dropFirst(2).reduce(1, *)
        let fanIn = Float((shape.count > 1 ? shape[1] : 1) * receptive)
        let fanOut = Float((shape.first ?? 1) * receptive)
        func uniform(_ bound: Float) {
            for i in 0..<tensor.count { tensor.floats[i] = random.uniform(in: (-bound)...bound) }
        }
        func normal(_ deviation: Float) {
            for i in 0..<tensor.count { tensor.floats[i] = random.normal() * deviation }
        }
        switch self {
        case .constant(let value): tensor.floats.update(repeating: value, count: tensor.count)
        case .normal(let deviation): normal(deviation)
        case .uniform(let bound): uniform(bound)
        case .kaimingNormalFanOut: normal((2 / fanOut).squareRoot())
        case .xavierUniform: uniform((6 / (fanIn + fanOut)).squareRoot())
        case .kaimingUniformFanIn: uniform((3 / fanIn).squareRoot())
        }
    }
}
