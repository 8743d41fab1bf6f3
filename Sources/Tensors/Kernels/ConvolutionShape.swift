internal import COneDNN

/// What is applied to a sum of products before it is stored.
package enum Activation: Int32, Sendable {
    case none = 0
    case relu = 1
    case relu6 = 2

    /// The upper end of the linear part; infinite for a plain ReLU.
    package var ceiling: Float { self == .relu6 ? 6 : .infinity }
}

/// Stride, padding and groups of a convolution, the same in both directions.
package struct ConvolutionGeometry: Hashable, Sendable {
    package let stride: Int
    package let padding: Int
    package let groups: Int

    package init(stride: Int = 1, padding: Int = 0, groups: Int = 1) {
        (self.stride, self.padding, self.groups) = (stride, padding, groups)
    }

    /// Positions of a `kernel`-wide window along `size` pixels.
    package func outputSize(_ size: Int, kernel: Int) -> Int { (size + 2 * padding - kernel) / stride + 1 }
}

/// Everything oneDNN needs to know to build one convolution.
struct ConvolutionShape: Hashable {
    enum Direction: Int32 {
        case forward = 0
        case backwardData = 1
        case backwardWeights = 2
    }

    let input: [Int]
    let weight: [Int]
    let geometry: ConvolutionGeometry
    let direction: Direction
    /// Of the maps and their gradients.
    var dtype = DType.float32
    var hasBias = false
    var activation = Activation.none
    var accumulates = false

    /// `[N, OH, OW, OC]`
    var output: [Int] {
        [
            input[0], geometry.outputSize(input[1], kernel: weight[2]),
            geometry.outputSize(input[2], kernel: weight[3]), weight[0],
        ]
    }

    /// Two for each product that the direct algorithm adds up, the same in all three directions.
    var flopCount: Int {
        let out = output
        return 2 * out[0] * out[1] * out[2] * weight.reduce(1, *)
    }

    func check() {
        precondition(
            input.count == 4 && weight.count == 4 && input[3] == weight[1] * geometry.groups
                && weight[0] % geometry.groups == 0,
            "convolution of \(input) (NHWC) with \(weight) (OIHW) in \(geometry.groups) groups")
    }

    var native: cdnnl_convolution_shape {
        let out = output
        return cdnnl_convolution_shape(
            n: Int64(input[0]), ih: Int64(input[1]), iw: Int64(input[2]), ic: Int64(input[3]),
            oh: Int64(out[1]),
            ow: Int64(out[2]), oc: Int64(out[3]), kh: Int64(weight[2]), kw: Int64(weight[3]),
            stride: Int64(geometry.stride), padding: Int64(geometry.padding), groups: Int64(geometry.groups),
            direction: direction.rawValue, has_bias: hasBias ? 1 : 0, activation: activation.rawValue,
            accumulates: accumulates ? 1 : 0,
            is_bfloat16: dtype == .bfloat16 ? 1 : 0)
    }
}
