internal import Foundation

/// A job of one process: everything is already reduced, and the MPI library is never touched.
package final class LocalCommunicator: Communicator {
    package let topology: Topology
    package var defaultDeadlineSeconds: Double
    package var reductionDescription: String { "none: one process" }

    package init(deadlineSeconds: Double = 600) {
        topology = .single(hostName: ProcessInfo.processInfo.hostName)
        defaultDeadlineSeconds = deadlineSeconds
    }

    package func note(step: Int?, phase: String) {}

    package func allReduce<Element: ReducibleElement>(
        _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReductionOperation, label: String,
        deadlineSeconds: Double?
    ) throws(CollectiveError) {}

    package func startAllReduceSum(
        _ buffer: UnsafeMutableBufferPointer<Float>, label: String
    ) throws(CollectiveError) -> PendingReduction {
        PendingReduction(finished: label)
    }

    package func sumOverTree(
        _ values: [UnsafeMutablePointer<Float>], leavesOfRank: [Range<Int>],
        into result: UnsafeMutableBufferPointer<Float>, label: String
    ) throws(CollectiveError) {
        precondition(values.count == 1, "\(values.count) nodes of a whole tree")
        result.baseAddress?.update(from: values[0], count: result.count)
    }

    package func allocateShared(count: Int) throws(CollectiveError) -> UnsafeMutableBufferPointer<Float>? {
        nil
    }

    package func progress() throws(CollectiveError) {}

    package func broadcast(
        _ bytes: UnsafeMutableRawBufferPointer, root: Int, label: String, deadlineSeconds: Double?
    ) throws(CollectiveError) {
        precondition(root == 0, "broadcast '\(label)' from rank \(root) of 1")
    }

    package func gather(
        _ bytes: [UInt8], label: String, deadlineSeconds: Double?
    ) throws(CollectiveError) -> [[UInt8]]? {
        [bytes]
    }

    package func barrier(label: String, deadlineSeconds: Double?) throws(CollectiveError) {}

    package func finish() throws(CollectiveError) {}

    package func abort(exitCode: Int32) -> Never { exit(exitCode) }
}
