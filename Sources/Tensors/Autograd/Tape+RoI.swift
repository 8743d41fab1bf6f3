internal import CKernels

extension Tape {
    /// Regions of a pyramid's maps sampled to one size; no gradient flows to the boxes.
    /// - maps: [N, H, W, C] each; strides: network-input pixels per pixel of each map.
    /// - Returns: [R, bins, bins, C], in the maps' format.
    package func roiAlign(
        _ maps: [Variable], strides: [Int], _ regions: RoIAlign.Regions, _ align: RoIAlign
    ) -> Variable {
        let dtype = maps.first?.dtype ?? .float32
        let y = align.forward(maps.map { $0.tensor.converted(to: .float32) }, strides: strides, regions)
        let shapes = maps.map(\.shape)
        return record(y.converted(to: dtype), inputs: maps) { dy, tape in
            let gradients = align.backward(
                dy.converted(to: .float32), mapShapes: shapes, strides: strides, regions)
            for (map, gradient) in zip(maps, gradients) { tape.add(gradient.converted(to: dtype), to: map) }
        }
    }

    /// Maps as rows in the order in which published weights of fully connected layers read them: channel, row, column.
    /// - x: [R, H, W, C]. Returns [R, C H W].
    package func channelsFirst(_ x: Variable) -> Variable {
        let x = converted(x, to: .float32)
        let (pages, channels) = (x.shape[0], x.shape[3])
        let pixels = x.shape[1] * x.shape[2]
        let y = Tensor(uninitialized: [pages, channels * pixels])
        ck_transpose_pages(Int64(pages), Int64(pixels), Int64(channels), x.tensor.floats, y.floats)
        return record(y, inputs: [x]) { dy, tape in
            let dx = Tensor(uninitialized: x.shape)
            ck_transpose_pages(Int64(pages), Int64(channels), Int64(pixels), dy.floats, dx.floats)
            tape.add(dx, to: x)
        }
    }
}
