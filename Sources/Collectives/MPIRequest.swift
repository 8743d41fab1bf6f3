internal import CMPI

/// A transfer of the MPI library that has begun; dropping it before it is done traps.
struct MPIRequest: ~Copyable {
    private var handle: OpaquePointer?
    private let rank: Int

    /// - begin: starts the transfer and stores its handle; returns the library's code.
    init(rank: Int, _ begin: (inout OpaquePointer?) -> Int32) throws(CollectiveError) {
        var started: OpaquePointer?
        try MPIGroup.check(begin(&started), rank: rank)
        handle = started
        self.rank = rank
    }

    /// True once the transfer is done.
    mutating func test() throws(CollectiveError) -> Bool {
        guard let handle else { return true }
        var done: Int32 = 0
        let code = cmpi_test(handle, &done)
        if code != 0 || done != 0 { self.handle = nil }
        try MPIGroup.check(code, rank: rank)
        return done != 0
    }

    /// Leaves the transfer to itself; its buffers must stay allocated.
    consuming func abandon() { handle = nil }

    deinit { precondition(handle == nil, "an MPI request was dropped before it was done") }
}
