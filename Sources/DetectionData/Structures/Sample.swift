/// One image on its way through the transforms, with everything that moves with it.
package struct Sample: Sendable {
    package var image: Image
    /// In pixels of `image`; in the file's own while `reduction` is not 1.
    package var boxes: [Box]
    /// One per box: contiguous class index, 0..<K.
    package var labels: [Int32]
    /// One per box: position in the data set's list for this image, so that two views of one image can be paired
    /// even where a filter dropped different boxes.
    package var boxIDs: [Int32]
    /// Outlines in the pixels of the file's own picture, whatever happened to the image since; a box's is the one at its
    /// `boxIDs` entry. Empty where none were asked for.
    package var masks: [Segmentation] = []
    package let imageID: Int
    /// The file's own size, before any transform; after objects were pasted into the image, the image's.
    package internal(set) var originalWidth: Int
    package internal(set) var originalHeight: Int
    /// Pixels of the file along each side of a pixel of `image`, where it was decoded reduced: then the first transform
    /// that moves pixels has to be a resize, which goes by the file's size and makes this 1.
    var reduction: Int
    /// `image` pixels per original pixel, as the resize step set them.
    package var scaleX: Float = 1
    package var scaleY: Float = 1
    package var flipped = false
    /// There where `image` was cut out of the picture.
    package var pictureCrop: PictureCrop?
    /// The part of `image` that is picture, top left; the rest is padding.
    package var validWidth: Int
    package var validHeight: Int

    package init(image: Image, boxes: [Box], labels: [Int32], boxIDs: [Int32], imageID: Int) {
        self.init(
            LoadedImage(image: image, warning: nil), boxes: boxes, labels: labels, boxIDs: boxIDs,
            imageID: imageID)
    }

    /// - boxes: in pixels of the file.
    init(_ loaded: LoadedImage, boxes: [Box], labels: [Int32], boxIDs: [Int32], imageID: Int) {
        let image = loaded.image
        precondition(
            boxes.count == labels.count && boxes.count == boxIDs.count, "boxes, labels and ids must agree")
        self.image = image
        self.boxes = boxes
        self.labels = labels
        self.boxIDs = boxIDs
        self.imageID = imageID
        originalWidth = loaded.fullWidth
        originalHeight = loaded.fullHeight
        reduction = loaded.reduction
        validWidth = image.width
        validHeight = image.height
    }

    /// What the model is told of this sample.
    package var target: Target {
        precondition(reduction == 1, "image \(imageID) was decoded at 1/\(reduction) and not resized")
        var target = Target(
            boxes: boxes, labels: labels, boxIDs: boxIDs, imageID: imageID, originalWidth: originalWidth,
            originalHeight: originalHeight, scaleX: scaleX, scaleY: scaleY, flipped: flipped,
            validWidth: validWidth, validHeight: validHeight)
        target.masks = masks
        target.crop = pictureCrop
        return target
    }
}
