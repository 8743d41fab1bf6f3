/// What happens to a photograph before the network sees it.
package struct PipelineConfig: Sendable, Equatable {
    /// Keeps the aspect ratio: the short side becomes one of a list, unless the long one would get too long.
    package struct Resize: Sendable, Equatable {
        /// One is drawn for each view.
        package let shortSides: [Int]
        package let longSide: Int

        enum Key: String, ConfigKey {
            case shortSides = "short_sides"
            case longSide = "long_side"
        }

        init(_ section: ConfigSection<Key>) throws(ConfigurationError) {
            let shortSides = try section.integers(.shortSides, in: 1...Int.max)
            self.shortSides = shortSides
            longSide = try section.integer(.longSide, in: (shortSides.max() ?? 1)...Int.max)
        }

        var node: ConfigNode {
            .section([(Key.shortSides, .list(shortSides.map { .count($0) })), (.longSide, .count(longSide))])
        }
    }

    /// (x - mean) / std in RGB order, on pixels from 0 to 255.
    package struct Normalization: Sendable, Equatable {
        package let mean: [Double]
        package let std: [Double]

        enum Key: String, ConfigKey {
            case mean, std
        }

        init(_ section: ConfigSection<Key>) throws(ConfigurationError) {
            mean = try section.numbers(.mean, count: 3, .any)
            std = try section.numbers(.std, count: 3, .positive)
        }

        var node: ConfigNode {
            .section([(Key.mean, .list(mean.map { .number($0) })), (.std, .list(std.map { .number($0) }))])
        }
    }

    /// The size at which detections are made.
    package struct Test: Sendable, Equatable {
        package let shortSide: Int
        package let longSide: Int

        enum Key: String, ConfigKey {
            case shortSide = "short_side"
            case longSide = "long_side"
        }

        init(_ section: ConfigSection<Key>) throws(ConfigurationError) {
            shortSide = try section.integer(.shortSide, in: 1...Int.max)
            longSide = try section.integer(.longSide, in: shortSide...Int.max)
        }

        var node: ConfigNode {
            .section([(Key.shortSide, .count(shortSide)), (.longSide, .count(longSide))])
        }
    }

    package let resize: Resize
    /// Probability of mirroring left and right.
    package let flip: Double
    /// Whether one of the nine colour operations is drawn for each view.
    package let photometric: Bool
    /// Sides are padded at the right and bottom to a multiple of this.
    package let padMultiple: Int
    package let normalization: Normalization
    /// There exactly in fine-tuning.
    package let test: Test?

    enum Key: String, ConfigKey {
        case resize, flip, photometric, test
        case padMultiple = "pad_multiple"
        case normalization = "normalize"
    }

    init(_ section: ConfigSection<Key>, _ task: RunConfig.Task) throws(ConfigurationError) {
        resize = try section.nested(.resize, Resize.init)
        flip = try section.number(.flip, .fraction)
        photometric = try section.flag(.photometric)
        padMultiple = try section.integer(.padMultiple, in: 1...Int.max)
        normalization = try section.nested(.normalization, Normalization.init)
        switch task {
        case .pretrain:
            try section.refuse(.test, because: "pre-training detects nothing")
            test = nil
        case .finetune: test = try section.nested(.test, Test.init)
        }
    }

    var node: ConfigNode {
        .section([
            (Key.resize, resize.node), (.flip, .number(flip)), (.photometric, .flag(photometric)),
            (.padMultiple, .count(padMultiple)), (.normalization, normalization.node), (.test, test?.node),
        ])
    }
}
