internal import CKernels

/// Convolution as windows-to-rows and one matrix product per image and group: slow, short and easy to trust. Maps of 16 bits
/// are widened, and results rounded once.
enum PlainConvolution {
    /// Weight rows in the order of the columns: [O / groups, KH, KW, C / groups] for one group.
    private static func weightRows(_ weight: Tensor, group: Int, groups: Int) -> Tensor {
        let (o, c, kh, kw) = (weight.shape[0] / groups, weight.shape[1], weight.shape[2], weight.shape[3])
        let rows = Tensor(uninitialized: [o, kh * kw * c])
        for i in 0..<o {
            let source = weight.floats + (group * o + i) * c * kh * kw
            let target = rows.floats + i * kh * kw * c
            for ch in 0..<c { for k in 0..<(kh * kw) { target[k * c + ch] = source[ch * kh * kw + k] } }
        }
        return rows
    }

    private static func window(_ shape: ConvolutionShape) -> ck_window {
        let (input, output, g) = (shape.input, shape.output, shape.geometry)
        precondition(shape.weight[2] == shape.weight[3], "plain convolution is square: \(shape.weight)")
        return ck_window(
            n: 1, ih: Int64(input[1]), iw: Int64(input[2]), channels: Int64(shape.weight[1]),
            oh: Int64(output[1]),
            ow: Int64(output[2]), kernel: Int64(shape.weight[2]), stride: Int64(g.stride),
            padding: Int64(g.padding))
    }

    /// Channels `group * width ..< (group + 1) * width` of one image, as a map of their own.
    private static func part(_ map: Tensor, image: Int, group: Int, width: Int) -> Tensor {
        let pixels = map.shape[1] * map.shape[2]
        let channels = map.shape[3]
        let out = Tensor(uninitialized: [pixels, width])
        for p in 0..<pixels {
            let source = map.floats + (image * pixels + p) * channels + group * width
            (out.floats + p * width).update(from: source, count: width)
        }
        return out
    }

    private static func put(_ part: Tensor, into map: Tensor, image: Int, group: Int) {
        let (pixels, width) = (part.shape[0], part.shape[1])
        let channels = map.shape[3]
        for p in 0..<pixels {
            let target = map.floats + (image * pixels + p) * channels + group * width
            target.update(from: part.floats + p * width, count: width)
        }
    }

    static func forward(_ x: Tensor, weight: Tensor, bias: Tensor?, shape: ConvolutionShape, into y: Tensor) {
        guard shape.dtype == .float32 else {
            let wide = y.converted(to: .float32)
            forward(x.converted(to: .float32), weight: weight, bias: bias, shape: shape.widened, into: wide)
            return y.assign(from: wide.converted(to: shape.dtype))
        }
        var w = window(shape)
        let groups = shape.geometry.groups
        let pixels = shape.output[1] * shape.output[2]
        let columns = Tensor(uninitialized: [pixels, shape.weight[1] * shape.weight[2] * shape.weight[3]])
        for group in 0..<groups {
            let rows = weightRows(weight, group: group, groups: groups)
            for image in 0..<shape.input[0] {
                let input = part(x, image: image, group: group, width: shape.weight[1])
                ck_image_to_columns(&w, input.floats, columns.floats)
                let output = MatMul.product(columns, rows, transposeB: true)
                if shape.accumulates {
                    let before = part(y, image: image, group: group, width: shape.weight[0] / groups)
                    Elementwise.sum(output, before, into: output)
                }
                put(output, into: y, image: image, group: group)
            }
        }
        if let bias { ck_add_bias(Int64(y.rowCount), Int64(y.channelCount), bias.floats, y.floats) }
        if shape.activation != .none {
            ck_relu(y.dtype.code, Int64(y.count), shape.activation.ceiling, y.raw, y.raw)
        }
    }

    static func backwardData(_ dy: Tensor, weight: Tensor, shape: ConvolutionShape, into dx: Tensor) {
        guard shape.dtype == .float32 else {
            let wide = Tensor(uninitialized: dx.shape)
            backwardData(dy.converted(to: .float32), weight: weight, shape: shape.widened, into: wide)
            return dx.assign(from: wide.converted(to: shape.dtype))
        }
        var w = window(shape)
        let groups = shape.geometry.groups
        let image = Tensor(uninitialized: [shape.input[1] * shape.input[2], shape.weight[1]])
        for group in 0..<groups {
            let rows = weightRows(weight, group: group, groups: groups)
            for n in 0..<shape.input[0] {
                let gradient = part(dy, image: n, group: group, width: shape.weight[0] / groups)
                let columns = MatMul.product(gradient, rows)
                ck_columns_to_image(&w, columns.floats, image.floats)
                put(image, into: dx, image: n, group: group)
            }
        }
    }

    static func backwardWeights(
        _ x: Tensor, _ dy: Tensor, shape: ConvolutionShape, weightGradient: Tensor, accumulate: Bool
    ) {
        let (x, dy) = (x.converted(to: .float32), dy.converted(to: .float32))
        var w = window(shape)
        let groups = shape.geometry.groups
        let (c, k) = (shape.weight[1], shape.weight[2] * shape.weight[3])
        let columns = Tensor(uninitialized: [shape.output[1] * shape.output[2], k * c])
        if !accumulate { weightGradient.floats.update(repeating: 0, count: weightGradient.count) }
        for group in 0..<groups {
            let o = shape.weight[0] / groups
            for n in 0..<shape.input[0] {
                let input = part(x, image: n, group: group, width: c)
                ck_image_to_columns(&w, input.floats, columns.floats)
                let rows = MatMul.product(
                    part(dy, image: n, group: group, width: o), columns, transposeA: true)
                for i in 0..<o {
                    let target = weightGradient.floats + (group * o + i) * c * k
                    for ch in 0..<c {
                        for j in 0..<k { target[ch * k + j] += rows.floats[(i * k + j) * c + ch] }
                    }
                }
            }
        }
    }
}

extension ConvolutionShape {
    fileprivate var widened: ConvolutionShape {
        var shape = self
        shape.dtype = .float32
        return shape
    }
}
