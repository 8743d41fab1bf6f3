/// How a second stage's outputs become detections.
package struct RegionTestConfig: Sendable, Equatable {
    package let scoreThreshold: Double
    /// Intersection over union above which the lower score of a class goes.
    package let nmsThreshold: Double
    /// For each image.
    package let maximumDetections: Int

    enum Key: String, ConfigKey {
        case scoreThreshold = "score_threshold"
        case nmsThreshold = "nms_threshold"
        case maximumDetections = "max_detections"
    }

    init(_ section: ConfigSection<Key>) throws(ConfigurationError) {
        scoreThreshold = try section.number(.scoreThreshold, .fraction)
        nmsThreshold = try section.number(.nmsThreshold, .fraction)
        maximumDetections = try section.integer(.maximumDetections, in: 1...Int.max)
    }

    var node: ConfigNode {
        .section([
            (Key.scoreThreshold, .number(scoreThreshold)), (.nmsThreshold, .number(nmsThreshold)),
            (.maximumDetections, .count(maximumDetections)),
        ])
    }
}
