internal import CMPI
internal import Glibc

/// A job of several processes over the MPI library.
///
/// Two message spaces: the library's own collectives, and ours, so that neither can take the other's
/// messages.
package final class MPICommunicator: Communicator {
    package let topology: Topology
    package let threadLevel: MPIThreadLevel
    package var defaultDeadlineSeconds: Double
    package let reductionDescription: String
    /// What `startAllReduceSum` uses unless told otherwise; never `auto`.
    package let algorithm: AllReduceAlgorithm

    /// The library's collectives, gathers and barriers.
    let world: MPIGroup
    /// The same ranks ordered by node, so that only one message of a ring enters a node and one leaves it.
    let ring: RingGroup
    /// nil where ranks do not share nodes evenly, or not at all.
    let window: NodeWindow?
    /// Where every rank of this node is.
    let board: StatusBoard
    /// The ranks of all nodes, for asking around when a wait takes too long.
    let askingGroup: MPIGroup
    private let ownedGroups: [MPIGroup]
    private let spinSeconds: Double
    private var underWay: [ReductionState] = []
    private var failure: CollectiveError?

    init(
        world: MPIGroup, places: NodePlaces, threadLevel: MPIThreadLevel, settings: CommunicatorSettings
    ) throws(CollectiveError) {
        self.world = world
        self.threadLevel = threadLevel
        topology = places.topology
        defaultDeadlineSeconds = settings.deadlineSeconds
        spinSeconds = Deadline.spinSeconds(on: places.topology)
        let choice = AllReduceChoice(settings.algorithm, topology: places.topology)
        let ringGroup = try world.split(
            color: 0, key: places.topology.nodeIndex * places.topology.size + places.topology.localRank)
        ring = RingGroup(ringGroup, chunkByteCount: settings.ringChunkByteCount)
        board = try StatusBoard.make(places, world: world)
        askingGroup = try world.duplicate()
        var owned = [ringGroup, places.node, askingGroup]
        if choice.allowsWindow {
            let several = places.topology.nodeCount > 1
            let counterparts =
                several
                ? try world.split(color: places.topology.localRank, key: places.topology.nodeIndex) : nil
            if let counterparts { owned.append(counterparts) }
            let made = try NodeWindow.makeOnAllRanks(
                node: places.node, counterparts: counterparts, settings: settings, world: world)
            window = made.window
            (algorithm, reductionDescription) = try choice.resolve(windowFailure: made.failure)
        } else {
            window = nil
            (algorithm, reductionDescription) = try choice.resolve(windowFailure: nil)
        }
        ownedGroups = owned
    }

    // MARK: Reductions under way

    /// Begins a sum with an algorithm of the caller's choice; for measurements and tests.
    func startAllReduceSum(
        _ buffer: UnsafeMutableBufferPointer<Float>, by algorithm: AllReduceAlgorithm, label: String
    ) throws(CollectiveError) -> PendingReduction {
        try requireIntact(label)
        guard topology.size > 1, buffer.count > 0 else { return PendingReduction(finished: label) }
        let machine: any ReductionMachine
        switch (algorithm, window) {
        case (.shared, let window?): machine = window.start(buffer)
        case (.mpi, _):
            machine = try breaking { () throws(CollectiveError) in try MPIAllReduce(buffer, on: world) }
        case (.ring, _): machine = RingAllReduce(buffer, on: ring)
        default: preconditionFailure("all-reduce by \(algorithm) in a job that has no shared window")
        }
        let state = ReductionState(machine, label: label)
        underWay.append(state)
        try progress()
        return PendingReduction(state, on: self)
    }

    package func startAllReduceSum(
        _ buffer: UnsafeMutableBufferPointer<Float>, label: String
    ) throws(CollectiveError) -> PendingReduction {
        try startAllReduceSum(buffer, by: algorithm, label: label)
    }

    package func progress() throws(CollectiveError) {
        guard !underWay.isEmpty else { return }
        try requireIntact("progress")
        try breaking { () throws(CollectiveError) in
            for state in underWay { try state.advance() }
        }
        underWay.removeAll { $0.isFinished }
    }

    package func note(step: Int?, phase: String) { board.note(step: step, phase: phase) }

    func wait(for state: ReductionState, deadlineSeconds: Double?) throws(CollectiveError) {
        board.beginWait(in: "all-reduce '\(state.label)'")
        defer { board.endWait() }
        guard !state.isFinished else { return }
        try wait(for: "all-reduce", label: state.label, deadlineSeconds: deadlineSeconds) {
            () throws(CollectiveError) in
            try progress()
            return state.isFinished
        }
    }

    // MARK: Waiting and failing

    /// Tests until the transfer is over, while reductions under way go on; past the deadline the communicator
    /// breaks.
    func wait(
        for collective: String, label: String, deadlineSeconds: Double?,
        isOver: () throws(CollectiveError) -> Bool
    ) throws(CollectiveError) {
        let limit = deadlineSeconds ?? defaultDeadlineSeconds
        var deadline = Deadline(seconds: limit, spinSeconds: spinSeconds)
        while !(try breaking(isOver)) {
            try progress()
            if deadline.pause(), !(deadline.isLong && board.isGivenUp) { continue }
            let error = silence(
                of: "\(collective) '\(label)'", elapsedSeconds: deadline.elapsedSeconds, limitSeconds: limit)
            breakOff(error)
            throw error
        }
    }

    /// Runs one request to its end.
    func complete(
        _ request: consuming MPIRequest, _ collective: String, label: String, deadlineSeconds: Double?
    ) throws(CollectiveError) {
        var pending = request
        do throws(CollectiveError) {
            try wait(for: collective, label: label, deadlineSeconds: deadlineSeconds) {
                () throws(CollectiveError) in try pending.test()
            }
        } catch {
            pending.abandon()
            throw error
        }
    }

    func requireIntact(_ label: String) throws(CollectiveError) {
        guard let failure else { return }
        throw CollectiveError(
            .broken, rank: topology.rank, call: "'\(label)'", text: "called after a failure: \(failure)",
            hint: "end the job and start it again from its checkpoint")
    }

    /// Runs the body; if it throws, nothing after it can be trusted.
    func breaking<Value>(_ body: () throws(CollectiveError) -> Value) throws(CollectiveError) -> Value {
        do throws(CollectiveError) {
            return try body()
        } catch {
            breakOff(error)
            throw error
        }
    }

    func breakOff(because text: String) {
        breakOff(
            CollectiveError(
                .broken, rank: topology.rank, call: "communicator", text: text,
                hint: "see the error before this one"))
    }

    /// Gives up all reductions under way. The library may still write to their memory, so it is never freed.
    private func breakOff(_ error: CollectiveError) {
        guard failure == nil else { return }
        failure = error
        for state in underWay {
            state.isAbandoned = true
            _ = Unmanaged.passRetained(state)
        }
        underWay = []
    }

    // MARK: End

    package func finish() throws(CollectiveError) {
        try barrier(label: "finish", deadlineSeconds: nil)
        try freeGroups()
        try MPIGroup.check(cmpi_finalize(), rank: topology.rank)
    }

    /// Returns what this communicator holds of the library, on all of its ranks together.
    func freeGroups() throws(CollectiveError) {
        precondition(underWay.isEmpty, "'\(underWay.first?.label ?? "")' is under way at the end")
        try window?.free()
        try board.free(rank: topology.rank)
        for group in ownedGroups { try group.free() }
        try world.free()
    }

    package func abort(exitCode: Int32) -> Never {
        cmpi_abort(exitCode)
        _exit(exitCode)
    }
}
