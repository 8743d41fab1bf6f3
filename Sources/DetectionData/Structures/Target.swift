/// Ground truth (or proposals in its place) of one image in a batch, in network-input pixels.
package struct Target: Sendable {
    package var boxes: [Box]
    /// One per box: contiguous class index, 0..<K.
    package var labels: [Int32]
    /// One per box: position in the data set's list for this image; pairs boxes between two views.
    package var boxIDs: [Int32]
    /// Outlines in the pixels of the file's own picture; a box's is the one at its `boxIDs` entry.
    package var masks: [Segmentation] = []
    /// There where the network sees a part of the picture; of the image before it was mirrored.
    package var crop: PictureCrop?
    package let imageID: Int
    package let originalWidth: Int
    package let originalHeight: Int
    /// Network-input pixels per original pixel.
    package let scaleX: Float
    package let scaleY: Float
    package let flipped: Bool
    /// Size of the picture inside the padded network input.
    package let validWidth: Int
    package let validHeight: Int

    package init(
        boxes: [Box], labels: [Int32], boxIDs: [Int32], imageID: Int, originalWidth: Int, originalHeight: Int,
        scaleX: Float, scaleY: Float, flipped: Bool, validWidth: Int, validHeight: Int
    ) {
        self.boxes = boxes
        self.labels = labels
        self.boxIDs = boxIDs
        self.imageID = imageID
        self.originalWidth = originalWidth
        self.originalHeight = originalHeight
        self.scaleX = scaleX
        self.scaleY = scaleY
        self.flipped = flipped
        self.validWidth = validWidth
        self.validHeight = validHeight
    }
}
