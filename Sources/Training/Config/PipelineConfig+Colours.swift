internal import DetectionData

extension PipelineConfig {
    /// What may happen to the colours of a view, one step after the other: SoCo's, BYOL's and UP-DETR's augmentation.
    package struct Colours: Sendable, Equatable {
        /// Brightness, contrast and saturation are each multiplied by 1 plus or minus up to this, hues turned by up to this
        /// part of the circle, in random order.
        package let jitter: [Double]
        /// Of each step to happen.
        package let jitterProbability: Double
        package let grey: Double
        package let blur: Double
        package let solarize: Double
        /// Least and greatest standard deviation of a blur, in pixels.
        package let blurRadii: [Double]

        enum Key: String, ConfigKey {
            case jitter, grey, blur, solarize
            case jitterProbability = "jitter_probability"
            case blurRadii = "blur_radii"
        }

        init(_ section: ConfigSection<Key>) throws(ConfigurationError) {
            jitter = try section.numbers(.jitter, count: 4, .fraction)
            guard jitter[3] <= 0.5 else {
                throw section.error(.jitter, "a hue is turned by half the circle at most")
            }
            jitterProbability = try section.number(.jitterProbability, .fraction)
            grey = try section.number(.grey, .fraction)
            blur = try section.number(.blur, .fraction)
            blurRadii = try section.numbers(.blurRadii, count: 2, .positive)
            guard blurRadii[0] <= blurRadii[1], blurRadii[1] <= 100 else {
                throw section.error(.blurRadii, "must ascend, to 100 at most")
            }
            solarize = try section.number(.solarize, .fraction)
        }

        var node: ConfigNode {
            .section([
                (Key.jitter, .list(jitter.map { .number($0) })),
                (.jitterProbability, .number(jitterProbability)),
                (.grey, .number(grey)), (.blur, .number(blur)),
                (.blurRadii, .list(blurRadii.map { .number($0) })), (.solarize, .number(solarize)),
            ])
        }

        var steps: [any Transform] {
            [
                ColourJitter(
                    brightness: Float(jitter[0]), contrast: Float(jitter[1]), saturation: Float(jitter[2]),
                    hue: Float(jitter[3]), probability: Float(jitterProbability)),
                RandomGrey(probability: Float(grey)),
                RandomBlur(radii: Float(blurRadii[0])...Float(blurRadii[1]), probability: Float(blur)),
                RandomSolarize(probability: Float(solarize)),
            ]
        }
    }
}
