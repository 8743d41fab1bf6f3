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
}
