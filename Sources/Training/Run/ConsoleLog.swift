internal import Foundation
package import Logging

/// Log lines for people: plain on standard error, the rank in front where it is not 0, the level where it is not info.
package struct ConsoleLog: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var logLevel: Logger.Level
    private let rank: Int

    /// - rank: ranks other than 0 report warnings and errors only.
    package init(rank: Int) {
        self.rank = rank
        logLevel = rank == 0 ? .info : .warning
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let place = rank == 0 ? "" : "rank \(rank): "
        let kind = event.level >= .warning ? "\(event.level.rawValue): " : ""
        FileHandle.standardError.write(Data("\(place)\(kind)\(event.message)\n".utf8))
    }

    /// A logger of this kind.
    package static func logger(rank: Int) -> Logger {
        Logger(label: "aligndet-mpi") { _ in ConsoleLog(rank: rank) }
    }
}
