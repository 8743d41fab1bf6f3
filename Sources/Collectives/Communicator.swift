/// The ranks of a job, as seen by one of them.
///
/// Every rank makes the same calls in the same order with equal counts. Labels say what is reduced, for error
/// texts. After an error the communicator is broken: buffers handed to it must stay allocated, every later
/// call throws, and `abort` is the way out. Only the thread that opened it may use it.
package protocol Communicator: AnyObject {
    var topology: Topology { get }
    /// Seconds a wait may take when the call names no deadline; to be set to what fits the work under way.
    var defaultDeadlineSeconds: Double { get set }
    /// Which algorithm `startAllReduceSum` uses and why, for the log.
    var reductionDescription: String { get }

    /// Says where this rank is, for peers that wait for it too long.
    /// - step: the step under way, nil before the first; phase: a word or two.
    func note(step: Int?, phase: String)

    /// Joins the buffers of all ranks element by element, in place; all ranks get the same bits.
    ///
    /// For small data (counts, statistics, flags): it overtakes reductions that are under way.
    /// - deadlineSeconds: nil for the default.
    func allReduce<Element: ReducibleElement>(
        _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReductionOperation, label: String,
        deadlineSeconds: Double?
    ) throws(CollectiveError)

    /// Begins to sum the buffers of all ranks, in place, while the caller goes on; all ranks get the same
    /// bits.
    ///
    /// The buffer belongs to the communicator until the returned reduction is waited for.
    func startAllReduceSum(
        _ buffer: UnsafeMutableBufferPointer<Float>, label: String
    ) throws(CollectiveError) -> PendingReduction

    /// Adds up the nodes that all ranks have of a tree, in the order of the tree, and gives all ranks the same bits,
    /// which do not depend on how many ranks there are.
    /// - values: of this rank's nodes (`ReductionTree.nodes(of:)` of its leaves), as many each as `result`; they may be
    ///   overwritten.
    /// - leavesOfRank: which leaves each rank has: neighbours, in rank order; empty for a rank without any.
    func sumOverTree(
        _ values: [UnsafeMutablePointer<Float>], leavesOfRank: [Range<Int>],
        into result: UnsafeMutableBufferPointer<Float>, label: String
    ) throws(CollectiveError)

    /// Memory, of zeros, in which sums need no copies because the other ranks of the node reach it; it lives as long as
    /// the communicator. All ranks ask for the same, and sum numbers in the same places of it.
    /// - Returns: nil where there is no such memory, or no use for it.
    func allocateShared(count: Int) throws(CollectiveError) -> UnsafeMutableBufferPointer<Float>?

    /// Moves all reductions under way as far as they can go now; never waits.
    func progress() throws(CollectiveError)

    /// Copies root's bytes into every rank's buffer of equal size.
    func broadcast(
        _ bytes: UnsafeMutableRawBufferPointer, root: Int, label: String, deadlineSeconds: Double?
    ) throws(CollectiveError)

    /// Collects every rank's bytes, of any length, on rank 0.
    /// - Returns: one array per rank in rank order on rank 0, nil elsewhere.
    func gather(_ bytes: [UInt8], label: String, deadlineSeconds: Double?) throws(CollectiveError)
        -> [[UInt8]]?

    /// Returns once every rank has arrived.
    func barrier(label: String, deadlineSeconds: Double?) throws(CollectiveError)

    /// Leaves the job in order; no call may follow. Not for a broken communicator.
    func finish() throws(CollectiveError)

    /// Ends every process of the job with the exit code.
    func abort(exitCode: Int32) -> Never
}
