package import Tensors

/// The golden numbers of everything behind a DETR's backbone, by facebookresearch/detr's names.
package enum GoldenTransformer {
    /// - name: such as `transformer.encoder.layers.0.norm1.weight`, with any prefix.
    package static func tensor(_ name: String, shape: [Int]) -> Tensor {
        let parts = name.split(separator: ".")
        let isNorm = parts[parts.count - 2].hasPrefix("norm")
        let (scale, shift): (Double, Double)
        switch parts[parts.count - 1] {
        case "weight" where isNorm: (scale, shift) = (0.2, 1)
        case "bias" where isNorm: (scale, shift) = (0.1, 0)
        case "bias", "in_proj_bias": (scale, shift) = (0.05, 0)
        case "weight" where name.hasSuffix("query_embed.weight"): (scale, shift) = (1, 0)
        default:
            let gain = name.hasSuffix("input_proj.weight") ? 0.3 : 1
            (scale, shift) = (
                3.0.squareRoot() * gain / Double(shape.dropFirst().reduce(1, *)).squareRoot(), 0
            )
        }
        let count = shape.reduce(1, *)
        return Tensor(GoldenWeights.values(name, count: count, scale: scale, shift: shift), shape: shape)
    }
}
