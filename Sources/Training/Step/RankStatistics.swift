package import Collectives
internal import NN

/// SyncBN's ear: adds up normalization sums over all ranks.
///
/// A layer cannot throw in the middle of a backward pass; the first error is kept and `TrainStep` throws it before any
/// parameter changes.
package final class RankStatistics: StatisticsReducer {
    private let communicator: any Communicator
    package private(set) var error: CollectiveError?

    package init(_ communicator: any Communicator) { self.communicator = communicator }

    package func reduce(_ values: inout [Double]) {
        guard error == nil, communicator.topology.size > 1 else { return }
        do throws(CollectiveError) {
            try values.withUnsafeMutableBufferPointer { buffer throws(CollectiveError) in
                try communicator.allReduceSum(buffer, label: "batch norm statistics")
            }
        } catch {
            self.error = error
        }
    }
}
