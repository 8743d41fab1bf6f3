/// Convolutions of one pixel as the matrix products that they are, where `TiledProduct` serves these. oneDNN's own products
/// are no faster than its convolutions (ResNet-50's, 8 images of 256x256: a step takes the same time).
enum PointwiseConvolution {
    static func serves(_ shape: ConvolutionShape) -> Bool {
        shape.weight[2] == 1 && shape.weight[3] == 1 && shape.dtype == .float32
            && shape.geometry == ConvolutionGeometry()
            && TiledProduct.serves(m: shape.pixelCount, n: shape.weight[0], depth: shape.weight[1])
    }

    static func forward(_ x: Tensor, weight: Tensor, bias: Tensor?, shape: ConvolutionShape, into y: Tensor) {
        let (outputs, inputs) = (weight.shape[0], weight.shape[1])
        TiledProduct.product(
            m: shape.pixelCount, n: outputs, depth: inputs, .init(x, isTransposed: false),
            .init(columnsOf: weight.reshaped([outputs, inputs]), isTransposed: true), into: y,
            accumulate: shape.accumulates, bias: bias, activation: shape.activation)
    }

    static func backwardData(_ dy: Tensor, weight: Tensor, shape: ConvolutionShape, into dx: Tensor) {
        let (outputs, inputs) = (weight.shape[0], weight.shape[1])
        TiledProduct.product(
            m: shape.pixelCount, n: inputs, depth: outputs, .init(dy, isTransposed: false),
            .init(columnsOf: weight.reshaped([outputs, inputs]), isTransposed: false), into: dx,
            accumulate: false)
    }

    static func backwardWeights(
        _ x: Tensor, _ dy: Tensor, shape: ConvolutionShape, weightGradient: Tensor, accumulate: Bool
    ) {
        TiledProduct.product(
            m: shape.weight[0], n: shape.weight[1], depth: shape.pixelCount, .init(dy, isTransposed: true),
            .init(columnsOf: x, isTransposed: false), into: weightGradient, accumulate: accumulate)
    }
}

extension ConvolutionShape {
    fileprivate var pixelCount: Int { input[0] * input[1] * input[2] }
}
