internal import ArgumentParser
internal import DetectionData
internal import Foundation
internal import Training

struct Proposals: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make box proposals for a data set by selective search, spread over ranks.",
        discussion: """
            EXAMPLES
              mpirun -np 16 aligndet-mpi proposals instances_train2017.json --images train2017 --out proposals.json
              aligndet-mpi proposals my_photographs --out proposals.json
            """)

    @Argument(help: "A COCO file (only its list of images is read), or a folder of JPEG and PNG files.")
    var dataset: String

    @Option(help: "The images' folder, for a COCO file.")
    var images: String?

    @Option(help: "The proposal file to write.")
    var out: String

    @Option(help: "fast or quality.")
    var mode: SelectiveSearch.Mode = .fast

    @Option(help: "Which boxes stay: none, ratio3size0008 (AlignDet), ratio3size0308, ratio3size0308post (SoCo).")
    var filter: String = "ratio3size0008"

    @Option(help: "At most this many boxes an image.")
    var topK: Int?

    @Option(help: "Search at most at this short side, in pixels; full size without it.")
    var shortSide: Int?

    @Option(help: "Seed of the ranking.")
    var seed: UInt64 = 0

    func validate() throws {
        if let topK, topK < 1 { throw ValidationError("--top-k takes a number from 1 on") }
        if let shortSide, shortSide < 16 { throw ValidationError("--short-side takes a number from 16 on") }
    }

    func run() throws {
        try Job.run { job in
            let (records, folder) = try list()
            var filters = try ProposalFilter.steps(named: filter)
            for i in filters.indices { filters[i].limit = topK }
            let settings = ProposalRun.Settings(
                mode: mode, filters: filters, shortSide: shortSide, seed: seed,
                threadCount: Placement.threadCount(job.communicator.topology), orientation: .apply)
            let run = ProposalRun(settings, communicator: job.communicator, log: job.log)
            try run.write(records, folder: folder, to: out)
            return 0
        }
    }

    private func list() throws -> (images: [COCOAnnotations.ImageRecord], folder: String) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: dataset, isDirectory: &isFolder) else {
            throw DataError(.missingInput, "\(dataset): there is no such file or folder", hint: "check the path")
        }
        if isFolder.boolValue { return (try ImageList.records(inFolder: dataset), dataset) }
        guard let images else {
            throw UsageError(description: "\(dataset) is a COCO file: name its image folder with --images")
        }
        return (try COCOAnnotations.read(path: dataset, for: .imageList).images, images)
    }
}

extension SelectiveSearch.Mode: ExpressibleByArgument {}

/// A plain folder as a list of images, in the order of their names, numbered from 1.
enum ImageList {
    static func records(inFolder folder: String) throws -> [COCOAnnotations.ImageRecord] {
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted() } catch {
            throw DataError(.missingInput, "\(folder): \(error.localizedDescription)", hint: "check the path")
        }
        let pictures = names.filter { ["jpg", "jpeg", "png"].contains(($0 as NSString).pathExtension.lowercased()) }
        guard !pictures.isEmpty else {
            throw DataError(.badInput, "\(folder): holds no .jpg, .jpeg or .png file", hint: "check the path")
        }
        return try pictures.enumerated().map { i, name in
            let size = try ImageFile.size(path: "\(folder)/\(name)", orientation: .apply)
            return COCOAnnotations.ImageRecord(id: i + 1, fileName: name, width: size.width, height: size.height)
        }
    }
}
