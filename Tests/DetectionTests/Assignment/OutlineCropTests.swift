import DetectionData
import Tensors
import Testing

@testable import Detection

@Suite struct OutlineCropTests {
    /// A triangle of a picture of 90x60 that was resized to 60x40.
    private func target(flipped: Bool, window: (x: Float, y: Float, width: Int, height: Int)?) -> Target {
        let outline = Segmentation.polygons([[6, 6, 80, 12, 30, 55]])
        let box = Box(x1: 4, y1: 4, x2: 54, y2: 37)
        var shown = box
        if let window {
            shown = Box(
                x1: box.x1 - window.x, y1: box.y1 - window.y, x2: box.x2 - window.x, y2: box.y2 - window.y)
        }
        var target = Target(
            boxes: [shown], labels: [0], boxIDs: [0], imageID: 1, originalWidth: 90, originalHeight: 60,
            scaleX: 2.0 / 3, scaleY: 2.0 / 3, flipped: flipped, validWidth: window?.width ?? 60,
            validHeight: window?.height ?? 40)
        target.masks = [outline]
        target.crop = window.map { PictureCrop(x: Double($0.x), y: Double($0.y), width: 60, height: 40) }
        return target
    }

    /// A region of a window shows what the same region shows in the whole picture.
    @Test(arguments: [false, true]) func windowsShowTheirPartOfTheOutline(flipped: Bool) {
        let align = RoIAlign(bins: 7, sampleCount: 0, isAligned: true)
        var whole = OutlineCrops(target(flipped: flipped, window: nil), align: align)
        var cut = OutlineCrops(target(flipped: flipped, window: (12, 8, 40, 26)), align: align)
        for box in [Box(x1: 5, y1: 4, x2: 33, y2: 22), Box(x1: 10.5, y1: 6.25, x2: 30, y2: 20)] {
            // Mirrored, the window's columns begin where the picture's end.
            let left: Float = flipped ? 60 - 12 - 40 : 12
            let same = Box(x1: box.x1 + left, y1: box.y1 + 8, x2: box.x2 + left, y2: box.y2 + 8)
            let expected = whole.crop(of: 0, same)
            #expect(cut.crop(of: 0, box) == expected)
            #expect(expected.contains { $0 > 0.9 } && expected.contains { $0 < 0.1 })
        }
    }
}
