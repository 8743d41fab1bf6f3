import XCTest

@testable import Collectives

/// A test that runs on every rank of an MPI job at once; `launch/test-ranks.sh` starts it.
class RankTestCase: XCTestCase {
    // XCTest runs every test on the process's main thread, so nothing is shared between threads.
    private nonisolated(unsafe) static var started: MPICommunicator?

    /// The job, started by the first test and finished after the last.
    func world() throws -> MPICommunicator {
        if let started = Self.started { return started }
        guard LaunchEnvironment().hasWireUp else {
            throw XCTSkip("run launch/test-ranks.sh, which starts mpirun")
        }
        var settings = CommunicatorSettings()
        settings.deadlineSeconds = 60
        let communicator = try MPICommunicator.start(settings)
        Self.started = communicator
        XCTestObservationCenter.shared.addTestObserver(Finisher())
        return communicator
    }

    /// A failed test makes this rank return a failing status, upon which mpirun ends the job.
    private final class Finisher: NSObject, XCTestObservation {
        func testBundleDidFinish(_ testBundle: Bundle) {
            do {
                try started?.finish()
            } catch {
                print("finish: \(error)")
                started?.abort(exitCode: 70)
            }
        }
    }

    /// The algorithms this job's layout can run.
    func algorithms(of communicator: MPICommunicator) -> [AllReduceAlgorithm] {
        communicator.window == nil ? [.ring, .mpi] : [.ring, .shmRing, .mpi]
    }

    /// The elements summed over ranks by one algorithm.
    func sum(
        _ values: [Float], by algorithm: AllReduceAlgorithm, on communicator: MPICommunicator
    ) throws -> [Float] {
        let buffer = UnsafeMutableBufferPointer<Float>.allocate(capacity: values.count)
        defer { buffer.deallocate() }
        _ = buffer.initialize(from: values)
        try communicator.startAllReduceSum(buffer, by: algorithm, label: "test").wait()
        return [Float](buffer)
    }
}
