/// Adds up per-channel sums over all who share a normalization layer's statistics: the one place where a layer must
/// hear other ranks. The training program injects one that talks to them; alone, there is nothing to add.
package protocol StatisticsReducer: AnyObject {
    func reduce(_ values: inout [Double])
}

/// One process: every sum is already complete.
package final class LocalStatistics: StatisticsReducer {
    package init() {}
    package func reduce(_ values: inout [Double]) {}
}
