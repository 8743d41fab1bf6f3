/// Photographs and their annotations, in COCO's format.
package struct DataConfig: Sendable, Equatable {
    /// What to do about an annotation that cannot be used.
    package enum Defects: String, Sendable, CaseIterable {
        /// Stop and name it.
        case refuse
        /// Leave it out and count it, as MMDetection does.
        case drop
    }

    /// What to do about a photograph's EXIF orientation.
    package enum Orientation: String, Sendable, CaseIterable {
        /// Turn it upright.
        case apply
        /// Take the pixels as stored.
        case stored
    }

    /// Where pre-training's boxes come from.
    package enum Proposals: Sendable, Equatable {
        /// A COCO detection file, best boxes first.
        case file(ConfigPath)
        /// Selective search at the start of the run (in YAML `selective_search`).
        case selectiveSearch
    }

    package struct Train: Sendable, Equatable {
        package let annotations: ConfigPath
        /// The folder that file names in the annotations begin at.
        package let images: ConfigPath
        /// There exactly in pre-training.
        package let proposals: Proposals?
        /// Only the first so many images of the file; `nil` (in YAML left out or `none`) takes all.
        package let firstImages: Int?
        /// Only these categories, labelled in this order; `nil` (in YAML left out or `none`) takes all.
        package let classes: [String]?

        enum Key: String, ConfigKey {
            case annotations, images, proposals, classes
            case firstImages = "first_images"
        }

        fileprivate static let selectiveSearchWord = "selective_search"

        init(_ section: ConfigSection<Key>, _ task: RunConfig.Task) throws(ConfigurationError) {
            annotations = try section.path(.annotations)
            images = try section.path(.images)
            let takesAll = try section.isAbsent(.firstImages)
            firstImages = takesAll ? nil : try section.integer(.firstImages, in: 1...Int.max)
            switch task {
            case .pretrain:
                try section.refuse(.classes, because: "pre-training knows no classes")
                classes = nil
                proposals =
                    try section.isWord(Self.selectiveSearchWord, .proposals)
                    ? .selectiveSearch : .file(section.path(.proposals))
            case .finetune:
                try section.refuse(.proposals, because: "only pre-training uses proposals")
                proposals = nil
                let takesEvery = try section.isAbsent(.classes)
                classes = takesEvery ? nil : try section.texts(.classes)
            }
        }

        var node: ConfigNode {
            let source: ConfigNode? =
                switch proposals {
                case nil: nil
                case .file(let path): .path(path)
                case .selectiveSearch: .word(Self.selectiveSearchWord)
                }
            return .section([
                (Key.annotations, .path(annotations)), (.images, .path(images)), (.proposals, source),
                (.firstImages, firstImages.map { .count($0) } ?? .nothing),
                (.classes, proposals != nil ? nil : classes.map { .list($0.map { .text($0) }) } ?? .nothing),
            ])
        }
    }

    package struct Validation: Sendable, Equatable {
        package let annotations: ConfigPath
        package let images: ConfigPath
        /// Only the first so many images of the file; `nil` (in YAML left out or `none`) takes all.
        package let firstImages: Int?

        enum Key: String, ConfigKey {
            case annotations, images
            case firstImages = "first_images"
        }

        init(_ section: ConfigSection<Key>) throws(ConfigurationError) {
            annotations = try section.path(.annotations)
            images = try section.path(.images)
            let takesAll = try section.isAbsent(.firstImages)
            firstImages = takesAll ? nil : try section.integer(.firstImages, in: 1...Int.max)
        }

        var node: ConfigNode {
            .section([
                (Key.annotations, .path(annotations)), (.images, .path(images)),
                (.firstImages, firstImages.map { .count($0) } ?? .nothing),
            ])
        }
    }

    package let train: Train
    /// There exactly in fine-tuning.
    package let validation: Validation?
    package let defects: Defects
    package let orientation: Orientation

    enum Key: String, ConfigKey {
        case train, defects, orientation
        case validation = "val"
    }

    init(_ section: ConfigSection<Key>, _ task: RunConfig.Task) throws(ConfigurationError) {
        train = try section.nested(.train) { child throws(ConfigurationError) in try Train(child, task) }
        switch task {
        case .pretrain:
            try section.refuse(.validation, because: "pre-training has no score")
            validation = nil
        case .finetune: validation = try section.nested(.validation, Validation.init)
        }
        defects = try section.choice(.defects)
        orientation = try section.choice(.orientation)
    }

    var node: ConfigNode {
        .section([
            (Key.train, train.node), (.validation, validation?.node), (.defects, .name(defects)),
            (.orientation, .name(orientation)),
        ])
    }
}
