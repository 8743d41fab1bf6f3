internal import Foundation

/// The images of a COCO file with their boxes: instances to train or score on, or proposals to pre-train on.
///
/// Boxes become `x1 y1 x2 y2` floats, not clipped (the resize step clips). Dropped by rule: crowd boxes, boxes flagged
/// `ignore`, boxes under one pixel wide or high, classes not asked for.
/// - Source: mmdetection 2.x `CocoDataset`. Differs: labels follow the asked list of classes, not the file's order
///   among them (the same for every published recipe), and an image whose boxes were all dropped counts as one
///   without boxes.
package struct COCODataset: Dataset {
    /// What the images are for, which decides what happens to images without boxes.
    package enum Use: Sendable {
        /// Images without a usable box or with a side under 32 pixels are left out.
        case training
        /// As for training, but boxes are proposals, and an image without one is a defect.
        case pretraining
        /// Every image takes part.
        case evaluation
    }

    package struct Options: Sendable {
        package var use: Use
        /// Names of the classes in label order; nil takes all of the file's, in file order.
        package var classNames: [String]?
        package var subset: ImageSubset
        package var policy: DatasetDefect.Policy
        /// Whether a camera's note on orientation turns the image; declared sizes tell which was meant.
        package var orientation: ImageFile.Orientation
        /// What the pipeline shrinks images to at most, so that they may be decoded reduced; nil decodes all pixels.
        package var decodeBound: DecodeBound?
        /// Whether every object needs an outline.
        package var needsMasks: Bool

        package init(
            use: Use, classNames: [String]?, subset: ImageSubset, policy: DatasetDefect.Policy,
            orientation: ImageFile.Orientation, decodeBound: DecodeBound? = nil, needsMasks: Bool = false
        ) {
            self.use = use
            self.classNames = classNames
            self.subset = subset
            self.policy = policy
            self.orientation = orientation
            self.decodeBound = decodeBound
            self.needsMasks = needsMasks
        }
    }

    /// Images with a shorter side are not trained on (mmdetection's `min_size`).
    static let minimumTrainingSide = 32

    let index: DatasetIndex
    let folder: ImageFolder
    private let orientation: ImageFile.Orientation
    private let decodeBound: DecodeBound?

    /// Checks a file's contents against the image folder and keeps what the options ask for.
    /// - Throws: a line that names file, image and annotation for what `DatasetDefect` lists (under `.refuse`), for
    ///   classes or images that are asked for and not there, and where no image is left.
    /// - origin: what the contents and the options come from, for `IndexCache`.
    package init(
        _ annotations: COCOAnnotations, imageFolder: String, options: Options,
        origin: IndexCache.Origin? = nil
    ) throws(DataError) {
        let source = annotations.source
        let folder = try ImageFolder(imageFolder)
        var report = DatasetReport(source: source)
        let classes = try COCOClassList(
            annotations.categories, asked: options.classNames, source: source, report: &report)
        let positions = try options.subset.positions(in: annotations.images, source: source)
        var records = Self.usableRecords(positions.map { annotations.images[$0] }, report: &report)
        let missing = Set(folder.missing(records.map(\.fileName)))
        for index in missing.sorted() { report.note(.missingImageFile, records[index].label) }
        records = records.indices.filter { !missing.contains($0) }.map { records[$0] }

        var content = COCOImageContent(
            annotations, images: records, classes: classes, needsMasks: options.needsMasks, report: &report)
        if options.use != .evaluation {
            let kept = Self.trainable(records, content, use: options.use, report: &report)
            content = content.selecting(kept)
            records = kept.map { records[$0] }
        }
        if options.policy == .refuse, report.defectCount > 0 { throw report.refusal }
        guard !records.isEmpty else {
            throw DataError(
                .badInput, "\(source): none of \(positions.count) images can be used",
                hint: report.defectCount > 0
                    ? report.refusal.message : "are class names and file the right pair?")
        }
        report.imageCount = records.count
        report.boxCount = content.boxCount
        let metadata = DatasetIndex.Metadata(
            source: source, classNames: classes.names, categoryIDs: classes.categoryIDs, report: report)
        self.init(
            try DatasetIndex(
                images: records, content: content, metadata: metadata, origin: origin?.digest ?? 0),
            folder: folder, options: options)
    }

    /// What an index holds.
    init(_ index: DatasetIndex, folder: ImageFolder, options: Options) {
        (self.index, self.folder) = (index, folder)
        orientation = options.orientation
        decodeBound = options.decodeBound
    }

    /// The annotation file, for messages.
    package var source: String { index.metadata.source }
    /// Names in label order.
    package var classNames: [String] { index.metadata.classNames }
    /// The file's category id of each label; results files speak of these.
    package var categoryIDs: [Int] { index.metadata.categoryIDs }
    package var report: DatasetReport { index.metadata.report }

    package var count: Int { index.imageCount }

    package func imageID(at position: Int) -> Int { index.imageID(at: position) }

    package func size(at position: Int) -> (width: Int, height: Int) { index.size(at: position) }

    /// Boxes of the image at `position` in file order, in its own pixels.
    package func boxes(at position: Int) -> [Box] { index.boxes(of: position) }

    /// One label per box of `boxes(at:)`.
    package func labels(at position: Int) -> [Int32] { index.labels(of: position) }

    package func path(at position: Int) -> String { folder.path(of: index.fileName(at: position)) }

    /// - Throws: where the file cannot be decoded or does not have its declared size.
    package func sample(at position: Int) throws(DataError) -> Sample {
        try sample(at: position, bound: decodeBound)
    }

    /// The same with all pixels of the file, for what cuts before it resizes.
    package func wholeSample(at position: Int) throws(DataError) -> Sample {
        try sample(at: position, bound: nil)
    }

    private func sample(at position: Int, bound: DecodeBound?) throws(DataError) -> Sample {
        let (id, path, declared) = (imageID(at: position), path(at: position), size(at: position))
        let image: LoadedImage
        do {
            image = try ImageFile.load(path: path, orientation: orientation, bound: bound)
        } catch {
            throw DataError(error.kind, "image \(id): \(error.message)", hint: error.hint)
        }
        guard image.fullWidth == declared.width, image.fullHeight == declared.height else {
            let turned = image.fullWidth == declared.height && image.fullHeight == declared.width
            throw DataError(
                .badInput,
                "image \(id) '\(path)' is \(image.fullWidth)x\(image.fullHeight), "
                    + "\(source) declares \(declared.width)x\(declared.height)",
                hint: turned
                    ? "was it turned by its EXIF orientation?" : "the boxes may belong to another picture")
        }
        let boxes = boxes(at: position)
        var sample = Sample(
            image, boxes: boxes, labels: labels(at: position), boxIDs: (0..<Int32(boxes.count)).map { $0 },
            imageID: id)
        sample.masks = index.outlines(of: position)
        return sample
    }
}

extension COCODataset {
    /// The records that have an id of their own and a size.
    static func usableRecords(
        _ images: [COCOAnnotations.ImageRecord], report: inout DatasetReport
    ) -> [COCOAnnotations.ImageRecord] {
        var seen: Set<Int> = []
        return images.filter { record in
            guard seen.insert(record.id).inserted else {
                report.note(.duplicateImageID, record.label)
                return false
            }
            guard record.width > 0, record.height > 0 else {
                report.note(.badImageSize, "\(record.label) \(record.width)x\(record.height)")
                return false
            }
            return true
        }
    }

    /// Positions of the images one can train on.
    private static func trainable(
        _ records: [COCOAnnotations.ImageRecord], _ content: COCOImageContent, use: Use,
        report: inout DatasetReport
    ) -> [Int] {
        records.indices.filter { index in
            guard !content.boxes(of: index).isEmpty else {
                if use == .pretraining {
                    report.note(.imageWithoutProposals, records[index].label)
                } else {
                    report.exclude(.imageWithoutBoxes)
                }
                return false
            }
            guard min(records[index].width, records[index].height) >= minimumTrainingSide else {
                report.exclude(.smallImage)
                return false
            }
            return true
        }
    }
}

extension COCOAnnotations.ImageRecord {
    /// How messages name an image.
    var label: String { "image \(id) '\(fileName)'" }
}
