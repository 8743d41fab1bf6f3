extension Tape {
    /// Regions of a pyramid's maps sampled to one size; no gradient flows to the boxes.
    /// - maps: [N, H, W, C] each; strides: network-input pixels per pixel of each map.
    /// - Returns: [R, bins, bins, C].
    package func roiAlign(
        _ maps: [Variable], strides: [Int], _ regions: RoIAlign.Regions, _ align: RoIAlign
    ) -> Variable {
        let y = align.forward(maps.map(\.tensor), strides: strides, regions)
        let shapes = maps.map(\.shape)
        return record(y, inputs: maps) { dy, tape in
            let gradients = align.backward(dy, mapShapes: shapes, strides: strides, regions)
            for (map, gradient) in zip(maps, gradients) { tape.add(gradient, to: map) }
        }
    }
}
