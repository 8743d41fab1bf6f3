/// How raw outputs become detections.
package struct TestConfig: Sendable, Equatable {
    /// Candidates that each level keeps before suppression.
    package let preNMSCount: Int
    package let scoreThreshold: Double
    /// Intersection over union above which the lower score goes.
    package let nmsThreshold: Double
    /// For each image.
    package let maximumDetections: Int

    enum Key: String, ConfigKey {
        case preNMSCount = "pre_nms"
        case scoreThreshold = "score_threshold"
        case nmsThreshold = "nms_threshold"
        case maximumDetections = "max_detections"
    }

    init(_ section: ConfigSection<Key>) throws(ConfigurationError) {
        preNMSCount = try section.integer(.preNMSCount, in: 1...Int.max)
        scoreThreshold = try section.number(.scoreThreshold, .fraction)
        nmsThreshold = try section.number(.nmsThreshold, .fraction)
        maximumDetections = try section.integer(.maximumDetections, in: 1...Int.max)
    }

    var node: ConfigNode {
        .section([
            (Key.preNMSCount, .count(preNMSCount)), (.scoreThreshold, .number(scoreThreshold)),
            (.nmsThreshold, .number(nmsThreshold)), (.maximumDetections, .count(maximumDetections)),
        ])
    }
}
