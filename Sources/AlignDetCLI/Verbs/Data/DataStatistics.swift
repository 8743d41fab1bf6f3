internal import ArgumentParser
internal import DetectionData

struct DataStatistics: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: "Images and their sizes, objects by class and by size.")

    @OptionGroup var source: DatasetArguments

    func run() throws { print(DatasetStatistics(try source.read().annotations).table) }
}
