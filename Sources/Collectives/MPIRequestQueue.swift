internal import CMPI

/// Transfers of one direction and one peer, which complete in the order they began.
final class MPIRequestQueue {
    private var handles: [OpaquePointer?]
    private var first = 0
    private(set) var count = 0
    private let rank: Int

    init(capacity: Int, rank: Int) {
        handles = [OpaquePointer?](repeating: nil, count: capacity)
        self.rank = rank
    }

    var isFull: Bool { count == handles.count }

    func begin(_ begin: (inout OpaquePointer?) -> Int32) throws(CollectiveError) {
        precondition(!isFull, "\(count) transfers under way, the most there may be")
        var started: OpaquePointer?
        try MPIGroup.check(begin(&started), rank: rank)
        handles[(first + count) % handles.count] = started
        count += 1
    }

    /// Removes the oldest transfer if it is done; false if it is not, or if there is none.
    func popIfDone() throws(CollectiveError) -> Bool {
        guard count > 0, let handle = handles[first] else { return false }
        var done: Int32 = 0
        try MPIGroup.check(cmpi_test(handle, &done), rank: rank)
        guard done != 0 else { return false }
        handles[first] = nil
        first = (first + 1) % handles.count
        count -= 1
        return true
    }
}
