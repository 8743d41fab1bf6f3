/// A sum over ranks as a state machine, so that it can move while the caller computes.
protocol ReductionMachine: AnyObject {
    /// Does what can be done without waiting.
    func advance() throws(CollectiveError) -> ReductionAdvance
}

/// What came of a look at a sum.
enum ReductionAdvance {
    /// It waits for a peer.
    case stuck
    /// It came further, and the next transfer may be near.
    case moved
    /// The buffer holds the sum.
    case done
}
