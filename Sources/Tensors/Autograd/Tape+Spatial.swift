internal import CKernels

extension Tape {
    /// The maximum of each window; padding never wins.
    /// - x: [N, H, W, C]. Returns [N, OH, OW, C].
    package func maxPool(_ x: Variable, kernel: Int, stride: Int, padding: Int) -> Variable {
        let geometry = ConvolutionGeometry(stride: stride, padding: padding)
        let (n, h, w, c) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3])
        let (oh, ow) = (geometry.outputSize(h, kernel: kernel), geometry.outputSize(w, kernel: kernel))
        var window = ck_window(
            n: Int64(n), ih: Int64(h), iw: Int64(w), channels: Int64(c), oh: Int64(oh), ow: Int64(ow),
            kernel: Int64(kernel), stride: Int64(stride), padding: Int64(padding))
        precondition(
            kernel <= 8 && 2 * padding <= kernel, "pooling windows of \(kernel) with padding \(padding)")
        let (y, type) = (Tensor(uninitialized: [n, oh, ow, c], dtype: x.dtype), x.dtype.code)
        guard isRecording, x.needsGradient else {
            ck_max_pool(type, &window, x.tensor.raw, y.raw, nil)
            return Variable(constant: y)
        }
        let chosen = Storage(byteCount: max(1, y.count))
        ck_max_pool(type, &window, x.tensor.raw, y.raw, chosen.base.assumingMemoryBound(to: UInt8.self))
        return record(y, inputs: [x]) { dy, tape in
            let dx = Tensor(uninitialized: x.shape, dtype: x.dtype)
            ck_max_pool_backward(
                type, &window, dy.raw, chosen.base.assumingMemoryBound(to: UInt8.self), dx.raw)
            tape.add(dx, to: x)
        }
    }

    /// fine + coarse, the coarse map read at the nearest pixel: the top-down step of a feature pyramid.
    /// - fine: [N, H, W, C]; coarse: [N, h, w, C].
    package func upsampleAdd(_ fine: Variable, _ coarse: Variable) -> Variable {
        let (f, c) = (fine.shape, coarse.shape)
        precondition(
            f[0] == c[0] && f[3] == c[3] && fine.dtype == coarse.dtype, "pyramid levels \(f) and \(c)")
        let sizes = (Int64(f[0]), Int64(f[1]), Int64(f[2]), Int64(c[1]), Int64(c[2]), Int64(f[3]))
        let (y, type) = (Tensor(uninitialized: f, dtype: fine.dtype), fine.dtype.code)
        ck_upsample_add(
            type, sizes.0, sizes.1, sizes.2, sizes.3, sizes.4, sizes.5, fine.tensor.raw, coarse.tensor.raw,
            y.raw)
        return record(y, inputs: [fine, coarse]) { dy, tape in
            tape.add(dy, to: fine)
            guard coarse.needsGradient else { return }
            let dc = Tensor(uninitialized: c, dtype: coarse.dtype)
            ck_upsample_backward(
                type, sizes.0, sizes.1, sizes.2, sizes.3, sizes.4, sizes.5, dy.raw, dc.raw)
            tape.add(dc, to: coarse)
        }
    }
}
