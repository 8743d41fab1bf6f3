internal import ArgumentParser
internal import DetectionData
internal import Foundation
internal import Training

struct Plot: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Draw loss and score curves of one or more runs as SVG, and print their scores side by side.",
        discussion: """
            EXAMPLE
              aligndet-mpi plot work_dirs/quick_finetune work_dirs/quick_scratch --out curves.svg --table
            """)

    @Argument(help: "Work folders.")
    var runs: [String]

    @Option(help: "The SVG file to write.")
    var out: String

    @Flag(help: "Print each run's scores, and the first run's lead over the others.")
    var table = false

    func run() throws {
        let curves = try runs.map { try RunCurves(folder: $0) }
        try AtomicFile.write([UInt8](CurveChart(curves).svg.utf8), path: out)
        if table { print(ScoreTable(curves).text) }
    }
}
