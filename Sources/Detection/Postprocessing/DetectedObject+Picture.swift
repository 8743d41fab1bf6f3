package import DetectionData

extension Array where Element == [DetectedObject] {
    /// The objects of every image in the image's own pixels.
    /// - masks: theirs, already in that size; nil where there are none.
    package func inPictures(_ targets: [Target], masks: [[RLEMask]]?) -> [[DetectedObject]] {
        zip(self, targets).enumerated().map { n, pair in
            pair.0.enumerated().map { i, object in
                DetectedObject(
                    box: object.box.scaled(x: 1 / pair.1.scaleX, y: 1 / pair.1.scaleY), score: object.score,
                    label: object.label, mask: masks?[n][i])
            }
        }
    }
}
