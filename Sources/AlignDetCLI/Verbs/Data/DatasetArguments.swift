internal import ArgumentParser
internal import DetectionData

/// Which data set.
struct DatasetArguments: ParsableArguments {
    @Argument(help: "A COCO, LVIS or proposal file, a VOC tree, or a folder of images.")
    var dataset: String

    @Option(help: "The images' folder, for a file.")
    var images: String?

    @Option(help: "Of a VOC tree, a list in ImageSets/Main, as trainval; all annotated images without it.")
    var split: String?

    func read(acceptsNonFinite: Bool = false, withMasks: Bool = false) throws -> AnnotatedSource {
        try AnnotatedSource.read(
            dataset, imageFolder: images, split: split, acceptsNonFinite: acceptsNonFinite,
            withMasks: withMasks)
    }
}
