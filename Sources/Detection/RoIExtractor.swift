package import DetectionData
internal import Foundation
package import Tensors

/// Cuts regions out of a pyramid, each from the level that fits its size.
/// - Source: Lin et al. 2017, "Feature pyramid networks", eq. 1.
package struct RoIExtractor: Sendable {
    /// From a region's size s = sqrt(w h) to its level, 0 the finest, before clamping.
    package enum LevelRule: Sendable {
        /// floor(log2(s / side + 1e-6)): mmdetection, 56.
        case finest(side: Float)
        /// floor(level + log2(s / side) + 1e-6) - 2: torchvision, 224 and 4.
        case canonical(side: Float, level: Float)
    }

    package let align: RoIAlign
    /// Strides of the levels that regions are cut from: the pyramid's first ones.
    package let strides: [Int]
    package let levelRule: LevelRule

    package init(align: RoIAlign, strides: [Int], levelRule: LevelRule) {
        (self.align, self.strides, self.levelRule) = (align, strides, levelRule)
    }

    /// Rows are added up to a multiple of this, so that convolutions on regions come in few shapes.
    private static let rowMultiple = 32

    /// - boxes: of every image. Returns [R, bins, bins, C], image after image, and rows beyond them that stand for nothing.
    package func callAsFunction(_ pyramid: [Variable], _ boxes: [[Box]], _ tape: Tape) -> Variable {
        var corners: [Float] = []
        var images: [Int32] = []
        var levels: [Int32] = []
        for (n, list) in boxes.enumerated() {
            for box in list {
                corners += [box.x1, box.y1, box.x2, box.y2]
                images.append(Int32(n))
                levels.append(Int32(level(box)))
            }
        }
        while images.count % Self.rowMultiple != 0 {
            corners += [0, 0, 0, 0]
            images.append(0)
            levels.append(0)
        }
        return tape.roiAlign(
            Array(pyramid.prefix(strides.count)), strides: strides,
            RoIAlign.Regions(boxes: Tensor(corners, shape: [images.count, 4]), images: images, levels: levels), align)
    }

    /// The level a region is cut from.
    package func level(_ box: Box) -> Int {
        let size = max(box.area, 0).squareRoot()
        let level: Float =
            switch levelRule {
            case .finest(let side): floor(log2(size / side + 1e-6))
            case .canonical(let side, let level): floor(level + log2(size / side) + 1e-6) - 2
            }
        return Int(min(max(level, 0), Float(strides.count - 1)))
    }
}
