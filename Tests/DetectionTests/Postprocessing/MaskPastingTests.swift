import Detection
import DetectionData
import Tensors
import TestSupport
import Testing

@Suite struct MaskPastingTests {
    /// PyTorch's `grid_sample` on each pixel's centre, as mmdetection pastes: `Golden/masks/make_paste.py`.
    @Test func pixelsAreThoseOfGridSample() throws {
        let golden = try GoldenTensors("masks/paste.safetensors")
        let boxes = try golden.boxes("boxes")
        let size = try golden.integers("size")
        let maps = try golden.tensor("maps")
        let expected = try golden.integers("pixels").map { UInt8($0) }
        for (i, box) in boxes.enumerated() {
            let mask = MaskPasting.paste(
                maps.prefix(i..<(i + 1)), threshold: 0.5, into: box, width: size[0], height: size[1])
            let count = size[0] * size[1]
            #expect(mask.pixels == Array(expected[(i * count)..<((i + 1) * count)]), "box \(i)")
        }
    }

    @Test func aBoxWithoutSizeHoldsNothing() {
        let map = Tensor(repeating: 1, shape: [1, 4, 4])
        let mask = MaskPasting.paste(
            map, threshold: 0.5, into: Box(x1: 3, y1: 3, x2: 3, y2: 9), width: 10, height: 10)
        #expect(mask.area == 0)
    }
}
