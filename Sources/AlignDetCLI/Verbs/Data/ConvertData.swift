internal import ArgumentParser
internal import DetectionData

struct ConvertData: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert", abstract: "Write a VOC tree or a folder of images as a COCO file.")

    @OptionGroup var source: DatasetArguments

    @Option(help: "The COCO file to write.")
    var out: String

    func run() throws {
        let data = try source.read(withMasks: true)
        try data.annotations.write(path: out)
        let counts = data.annotations
        print(
            "\(out): \(counts.images.count) images, \(counts.annotations.count) objects, \(counts.categories.count) classes; "
                + "images in \(data.imageFolder ?? "the folder of before")")
    }
}
