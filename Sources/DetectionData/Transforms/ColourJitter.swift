package import Randomness

/// Brightness, contrast, saturation and hue in random order, each by a factor or turn of its own; nine draws at most.
/// - Source: torchvision `ColorJitter` on Pillow images.
package struct ColourJitter: Transform {
    private let brightness: Float
    private let contrast: Float
    private let saturation: Float
    private let hue: Float
    private let probability: Float

    /// Factors are drawn from 1 - v to 1 + v, the turn of the hue from -v to v of the circle; SoCo's and BYOL's are 0.4,
    /// 0.4, 0.2 and 0.1 with probability 0.8.
    package init(brightness: Float, contrast: Float, saturation: Float, hue: Float, probability: Float) {
        precondition(
            [brightness, contrast, saturation].allSatisfy { (0...1).contains($0) } && (0...0.5).contains(hue)
                && (0...1).contains(probability),
            "jitter of \(brightness), \(contrast), \(saturation), \(hue) with probability \(probability)")
        (self.brightness, self.contrast) = (brightness, contrast)
        (self.saturation, self.hue, self.probability) = (saturation, hue, probability)
    }

    package func apply(to sample: inout Sample, random: inout RandomSource) {
        guard random.bernoulli(probability) else { return }
        for step in random.permutation(4) {
            switch step {
            case 0:
                let factor = random.uniform(in: 1 - brightness...1 + brightness)
                ColorOp.brightness(factor: factor).apply(to: &sample.image)
            case 1:
                let factor = random.uniform(in: 1 - contrast...1 + contrast)
                ColorOp.contrast(factor: factor).apply(to: &sample.image)
            case 2:
                let factor = random.uniform(in: 1 - saturation...1 + saturation)
                ColorOp.color(factor: factor).apply(to: &sample.image)
            default: sample.image.turnHue(by: random.uniform(in: -hue...hue))
            }
        }
    }
}

/// The grey picture in all three channels, with a probability; one draw.
package struct RandomGrey: Transform {
    private let probability: Float

    package init(probability: Float) { self.probability = probability }

    package func apply(to sample: inout Sample, random: inout RandomSource) {
        if random.bernoulli(probability) { sample.image.turnGrey() }
    }
}

/// A Gaussian blur of a random width, with a probability; two draws.
package struct RandomBlur: Transform {
    private let radii: ClosedRange<Float>
    private let probability: Float

    /// - radii: standard deviations in pixels; SoCo's and BYOL's are 0.1 to 2.
    package init(radii: ClosedRange<Float>, probability: Float) {
        precondition(radii.lowerBound >= 0, "blurs of \(radii)")
        (self.radii, self.probability) = (radii, probability)
    }

    package func apply(to sample: inout Sample, random: inout RandomSource) {
        let radius = random.uniform(in: radii)
        if random.bernoulli(probability) { sample.image.blur(radius: radius) }
    }
}

/// Inverts values from 128 on, with a probability; one draw.
package struct RandomSolarize: Transform {
    private let probability: Float

    package init(probability: Float) { self.probability = probability }

    package func apply(to sample: inout Sample, random: inout RandomSource) {
        if random.bernoulli(probability) { ColorOp.solarize(threshold: 128).apply(to: &sample.image) }
    }
}
