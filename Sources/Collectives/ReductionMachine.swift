/// A sum over ranks as a state machine, so that it can move while the caller computes.
protocol ReductionMachine: AnyObject {
    /// Does what can be done without waiting; true once the buffer holds the sum.
    func advance() throws(CollectiveError) -> Bool
}
