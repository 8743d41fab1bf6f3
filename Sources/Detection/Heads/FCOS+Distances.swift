internal import DetectionData
internal import Foundation

extension FCOS.Settings.Distances {
    /// Pixels from a point to a side of its box.
    func pixels(_ raw: Float, stride: Float) -> Float {
        switch self {
        case .exponential: exp(raw)
        case .strides: max(raw, 0) * stride
        }
    }

    /// The derivative of `pixels`.
    func slope(_ raw: Float, stride: Float) -> Float {
        switch self {
        case .exponential: exp(raw)
        case .strides: raw > 0 ? stride : 0
        }
    }
}

extension PointSet {
    /// The box around a point.
    /// - raw: four numbers, as the head says.
    func decode(_ raw: UnsafePointer<Float>, _ distances: FCOS.Settings.Distances, level l: Int, cell: Int)
        -> Box
    {
        let level = levels[l]
        let (x, y) = (level.x(cell % level.width), level.y(cell / level.width))
        func pixels(_ k: Int) -> Float { distances.pixels(raw[k], stride: level.stride) }
        return Box(x1: x - pixels(0), y1: y - pixels(1), x2: x + pixels(2), y2: y + pixels(3))
    }
}
