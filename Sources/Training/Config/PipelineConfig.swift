package import DetectionData

/// What happens to a photograph before the network sees it.
package struct PipelineConfig: Sendable, Equatable {
    /// A JPEG file has no longer one.
    private static let longestSide = 65_535

    /// Keeps the aspect ratio: the short side becomes one of a list, unless the long one would get too long; or the long
    /// side becomes a side times a factor drawn from a range.
    package struct Resize: Sendable, Equatable {
        /// One is drawn for each view; empty where the long side is drawn.
        package let shortSides: [Int]
        /// The most pixels along a side.
        package let longSide: Int
        /// There where the long side is drawn.
        package let square: (side: Int, ratios: [Double])?

        enum Key: String, ConfigKey {
            case square, ratios
            case shortSides = "short_sides"
            case longSide = "long_side"
        }

        init(_ section: ConfigSection<Key>) throws(ConfigurationError) {
            guard try section.isAbsent(.square) else {
                try section.refuse(.shortSides, .longSide, because: "'square' says how large")
                let side = try section.integer(.square, in: 1...PipelineConfig.longestSide)
                let ratios = try section.numbers(.ratios, count: 2, .positive)
                guard ratios[0] <= ratios[1] else { throw section.error(.ratios, "must ascend") }
                guard Double(side) * ratios[1] <= Double(PipelineConfig.longestSide) else {
                    throw section.error(.ratios, "make sides longer than \(PipelineConfig.longestSide)")
                }
                square = (side, ratios)
                (shortSides, longSide) = ([], Int(Double(side) * ratios[1]))
                return
            }
            try section.refuse(.ratios, because: "it goes with 'square'")
            square = nil
            let shortSides = try section.integers(.shortSides, in: 1...PipelineConfig.longestSide)
            self.shortSides = shortSides
            longSide = try section.integer(.longSide, in: (shortSides.max() ?? 1)...PipelineConfig.longestSide)
        }

        var node: ConfigNode {
            if let square {
                return .section([
                    (Key.square, .count(square.side)), (.ratios, .list(square.ratios.map { .number($0) })),
                ])
            }
            return .section([
                (Key.shortSides, .list(shortSides.map { .count($0) })), (.longSide, .count(longSide)),
            ])
        }

        package static func == (one: Resize, other: Resize) -> Bool {
            one.shortSides == other.shortSides && one.longSide == other.longSide
                && one.square?.side == other.square?.side && one.square?.ratios == other.square?.ratios
        }
    }

    /// Some photographs are resized, cut and then resized as all are: DETR's augmentation.
    package struct Cuts: Sendable, Equatable {
        /// Of a photograph to be cut.
        package let probability: Double
        /// Before the cut.
        package let shortSides: [Int]
        /// The least and the most pixels along a cut's sides.
        package let sides: [Int]

        enum Key: String, ConfigKey {
            case probability, sides
            case shortSides = "short_sides"
        }

        init(_ section: ConfigSection<Key>) throws(ConfigurationError) {
            probability = try section.number(.probability, .fraction)
            shortSides = try section.integers(.shortSides, in: 1...PipelineConfig.longestSide)
            sides = try section.integers(.sides, in: 1...PipelineConfig.longestSide)
            guard sides.count == 2, sides[0] <= sides[1] else {
                throw section.error(.sides, "expected the least and the most pixels")
            }
        }

        var node: ConfigNode {
            .section([
                (Key.probability, .number(probability)), (.shortSides, .list(shortSides.map { .count($0) })),
                (.sides, .list(sides.map { .count($0) })),
            ])
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
            shortSide = try section.integer(.shortSide, in: 1...PipelineConfig.longestSide)
            longSide = try section.integer(.longSide, in: shortSide...PipelineConfig.longestSide)
        }

        var node: ConfigNode {
            .section([(Key.shortSide, .count(shortSide)), (.longSide, .count(longSide))])
        }
    }

    package let resize: Resize
    /// `nil` (in YAML left out or `none`) cuts none.
    package let cuts: Cuts?
    /// Side of the window that is cut out of every training image, and that smaller ones are padded to; `nil` (in YAML
    /// left out or `none`) for whole images.
    package let crop: Int?
    /// Whether boxes then become those of what the window shows of their outlines; left out, they are only cut.
    package let fitsOutlines: Bool
    /// Whether objects of another training image are pasted over every one, by their outlines; left out, they are not.
    package let copyPaste: Bool
    /// Whose arithmetic scales pictures, in training and for detection; left out, OpenCV's.
    package let resampling: Resampling
    /// Probability of mirroring left and right.
    package let flip: Double
    /// Whether one of the nine colour operations is drawn for each view.
    package let photometric: Bool
    /// `nil` (in YAML left out or `none`) leaves colours alone.
    package let colours: Colours?
    /// Sides are padded at the right and bottom to a multiple of this.
    package let padMultiple: Int
    package let normalization: Normalization
    /// There exactly in fine-tuning.
    package let test: Test?

    enum Key: String, ConfigKey {
        case resize, cuts, crop, resampling, flip, photometric, colours, test
        case fitsOutlines = "fit_outlines"
        case copyPaste = "copy_paste"
        case padMultiple = "pad_multiple"
        case normalization = "normalize"
    }

    /// - hasMasks: whether the model learns outlines, so that they are read.
    init(
        _ section: ConfigSection<Key>, _ task: RunConfig.Task, hasMasks: Bool
    ) throws(ConfigurationError) {
        resize = try section.nested(.resize, Resize.init)
        cuts = try section.isAbsent(.cuts) ? nil : section.nested(.cuts, Cuts.init)
        crop = try section.isAbsent(.crop) ? nil : section.integer(.crop, in: 1...PipelineConfig.longestSide)
        if cuts != nil, resize.square != nil {
            throw section.error(.cuts, "goes with a list of short sides, and pipeline.resize has a square")
        }
        if task == .pretrain {
            try section.refuse(
                .cuts, .crop, .fitsOutlines, .copyPaste, because: "two views of a photograph show the same proposals")
        }
        fitsOutlines = try section.isAbsent(.fitsOutlines) ? false : section.flag(.fitsOutlines)
        guard !fitsOutlines || crop != nil && hasMasks else {
            throw section.error(.fitsOutlines, "goes with pipeline.crop and a model that learns outlines")
        }
        copyPaste = try section.isAbsent(.copyPaste) ? false : section.flag(.copyPaste)
        guard !copyPaste || hasMasks else {
            throw section.error(.copyPaste, "objects are pasted by their outlines, and the model learns none")
        }
        resampling = try section.isAbsent(.resampling) ? .opencv : section.choice(.resampling)
        flip = try section.number(.flip, .fraction)
        photometric = try section.flag(.photometric)
        colours = try section.isAbsent(.colours) ? nil : section.nested(.colours, Colours.init)
        padMultiple = try section.integer(.padMultiple, in: 1...PipelineConfig.longestSide)
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
            (Key.resize, resize.node), (.cuts, cuts?.node), (.crop, crop.map { .count($0) }),
            (.fitsOutlines, fitsOutlines ? .flag(true) : nil),
            (.copyPaste, copyPaste ? .flag(true) : nil),
            (.resampling, resampling == .opencv ? nil : .name(resampling)), (.flip, .number(flip)),
            (.photometric, .flag(photometric)), (.colours, colours?.node),
            (.padMultiple, .count(padMultiple)), (.normalization, normalization.node), (.test, test?.node),
        ])
    }
}
