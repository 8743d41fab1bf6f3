internal import CKernels

/// Regions of feature maps sampled to a fixed size: bilinear samples on a grid, averaged over each bin.
/// - Source: He et al. 2017, "Mask R-CNN"; coordinates as torchvision's `roi_align`.
package struct RoIAlign: Sendable {
    /// Bins along each side of the output.
    package let bins: Int
    /// Samples along each side of a bin; 0 for as many as the bin covers map pixels, rounded up.
    package let sampleCount: Int
    /// Whether coordinates are shifted by the half pixel that the maps' pixel centres lie at. Without it regions are at
    /// least one map pixel wide and high.
    package let isAligned: Bool

    package init(bins: Int, sampleCount: Int, isAligned: Bool) {
        precondition(bins > 0 && sampleCount >= 0, "\(bins) bins of \(sampleCount) samples")
        (self.bins, self.sampleCount, self.isAligned) = (bins, sampleCount, isAligned)
    }

    /// Where regions lie.
    package struct Regions {
        /// [R, 4], x1 y1 x2 y2 in network-input pixels.
        package let boxes: Tensor
        /// One per region: its position in the batch.
        package let images: [Int32]
        /// One per region: the map it is taken from.
        package let levels: [Int32]

        package init(boxes: Tensor, images: [Int32], levels: [Int32]) {
            precondition(
                boxes.shape == [images.count, 4] && levels.count == images.count,
                "\(boxes.shape) boxes, \(images.count) images, \(levels.count) levels")
            (self.boxes, self.images, self.levels) = (boxes, images, levels)
        }

        package var count: Int { images.count }
    }

    /// - maps: [N, H, W, C] each; strides: network-input pixels per pixel of each map.
    /// - Returns: [R, bins, bins, C].
    func forward(_ maps: [Tensor], strides: [Int], _ regions: Regions) -> Tensor {
        check(maps.map(\.shape), strides, regions)
        let out = Tensor(uninitialized: [regions.count, bins, bins, maps[0].channelCount])
        var shape = native(maps[0].channelCount)
        let levels = zip(maps, strides).map(Self.level)
        ck_roi_align(
            &shape, levels, Int64(regions.count), regions.boxes.floats, regions.images, regions.levels, out.floats)
        return out
    }

    /// The gradient of every map from that of the output; the same for any number of threads.
    func backward(_ dy: Tensor, mapShapes: [[Int]], strides: [Int], _ regions: Regions) -> [Tensor] {
        let maps = mapShapes.map { Tensor(uninitialized: $0) }
        var shape = native(mapShapes[0][3])
        let levels = zip(maps, strides).map(Self.level)
        ck_roi_align_backward(
            &shape, levels, Int64(levels.count), Int64(regions.count), regions.boxes.floats, regions.images,
            regions.levels, dy.floats)
        return maps
    }

    private func native(_ channels: Int) -> ck_roi_shape {
        ck_roi_shape(
            channels: Int64(channels), bins: Int64(bins), samples: Int64(sampleCount), aligned: isAligned ? 1 : 0)
    }

    private static func level(_ map: Tensor, stride: Int) -> ck_roi_level {
        ck_roi_level(
            images: Int64(map.shape[0]), height: Int64(map.shape[1]), width: Int64(map.shape[2]),
            scale: 1 / Float(stride), values: map.floats)
    }

    private func check(_ shapes: [[Int]], _ strides: [Int], _ regions: Regions) {
        precondition(!shapes.isEmpty && shapes.count == strides.count, "\(shapes.count) maps, \(strides.count) strides")
        let alike = shapes.allSatisfy { $0.count == 4 && $0[0] == shapes[0][0] && $0[3] == shapes[0][3] }
        precondition(alike, "maps of shapes \(shapes)")
        for r in 0..<regions.count {
            let (image, level) = (Int(regions.images[r]), Int(regions.levels[r]))
            precondition(
                shapes.indices.contains(level) && (0..<shapes[level][0]).contains(image),
                "region \(r) on image \(image), level \(level) of maps \(shapes)")
        }
    }
}
