internal import Collectives
internal import Foundation
internal import Logging
internal import Training

/// This process as one rank of a job: its communicator, its threads, its log.
struct Job {
    let communicator: any Communicator
    let log: Logger

    var isFirst: Bool { communicator.topology.rank == 0 }

    /// Runs `body` as a rank. An error ends the whole job with the error's exit code, its line on standard error.
    static func run(
        _ settings: CommunicatorSettings = CommunicatorSettings(), _ body: (Job) throws -> Int32
    ) throws {
        let communicator = try LaunchEnvironment().openCommunicator(settings)
        Placement.apply(communicator.topology)
        StopSignal.watch()
        let job = Job(communicator: communicator, log: ConsoleLog.logger(rank: communicator.topology.rank))
        do {
            let status = try body(job)
            try communicator.finish()
            if status != 0 { exit(status) }
        } catch {
            let isSilence = (error as? CollectiveError)?.kind == .deadline
            if !job.isFirst, !isSilence { ErrorLine.letFirstRankSpeak() }
            // Errors of the communicator name their rank themselves.
            let place =
                communicator.topology.size > 1 && !(error is CollectiveError)
                ? "rank \(communicator.topology.rank): " : ""
            ErrorLine.write("\(place)\(error)")
            // Every rank that waits in vain says what it waits for, before the first of them ends the job.
            if isSilence { Thread.sleep(forTimeInterval: 3) }
            if communicator.topology.size > 1 { communicator.abort(exitCode: ExitStatus.code(of: error)) }
            exit(ExitStatus.code(of: error))
        }
    }
}

/// The one line that a failed run ends with.
enum ErrorLine {
    /// Ranks mostly fail alike: the others give rank 0 the time to say it once. Open MPI kills what is left a second after
    /// an abort; less than that, and they say it too.
    static func letFirstRankSpeak() { Thread.sleep(forTimeInterval: 3) }

    static func write(_ text: String) {
        FileHandle.standardError.write(Data("aligndet-mpi: error: \(text)\n".utf8))
    }
}
