internal import DetectionData

/// The cells of a batch's feature maps, and which of them lie beside the pictures.
struct TokenGrid {
    let count: Int
    let height: Int
    let width: Int
    /// [N, H, W], true beside the picture.
    let isPadding: [Bool]

    init(count: Int, height: Int, width: Int, isPadding: [Bool]) {
        precondition(
            isPadding.count == count * height * width,
            "\(isPadding.count) cells of \(count)x\(height)x\(width)")
        (self.count, self.height, self.width, self.isPadding) = (count, height, width, isPadding)
    }

    /// Each cell asks the nearest pixel of the input, floor(i * input / map).
    /// - inputHeight, inputWidth: of the padded batch.
    /// - Source: PyTorch's `interpolate`, mode nearest, as facebookresearch/detr shrinks its masks.
    init(_ targets: [Target], inputHeight: Int, inputWidth: Int, height: Int, width: Int) {
        func valid(_ size: Int, _ cells: Int, _ limit: Int) -> [Bool] {
            let scale = Float(size) / Float(cells)
            return (0..<cells).map { min(Int(Float($0) * scale), size - 1) < limit }
        }
        var padding: [Bool] = []
        for target in targets {
            let rows = valid(inputHeight, height, target.validHeight)
            let columns = valid(inputWidth, width, target.validWidth)
            for row in rows { padding += columns.map { !(row && $0) } }
        }
        self.init(count: targets.count, height: height, width: width, isPadding: padding)
    }

    /// The padding as attention wants it; nil where there is none.
    var keyPadding: [Bool]? { isPadding.contains(true) ? isPadding : nil }
}
