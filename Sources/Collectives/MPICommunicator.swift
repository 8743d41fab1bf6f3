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
    package internal(set) var reductionDescription: String
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
    /// The ranks of this node.
    private let node: MPIGroup
    private let ownedGroups: [MPIGroup]
    let spinSeconds: Double
    private var underWay: [ReductionState] = []
    private var failure: CollectiveError?

    init(
        world: MPIGroup, places: NodePlaces, threadLevel: MPIThreadLevel, settings: CommunicatorSettings
    ) throws(CollectiveError) {
        self.world = world
        self.threadLevel = threadLevel
        topology = places.topology
        node = places.node
        defaultDeadlineSeconds = settings.deadlineSeconds
        spinSeconds = Deadline.spinSeconds(on: places.topology)
        let choice = AllReduceChoice(settings.algorithm, settings.payload, topology: places.topology)
        let ringGroup = try world.split(
            color: 0, key: places.topology.nodeIndex * places.topology.size + places.topology.localRank)
        board = try StatusBoard.make(places, world: world)
        askingGroup = try world.duplicate()
        func ring(_ group: MPIGroup) -> RingGroup {
            RingGroup(group, payload: settings.payload, chunkByteCount: settings.ringChunkByteCount)
        }
        self.ring = ring(ringGroup)
        var owned = [ringGroup, places.node, askingGroup]
        var failure: String?
        var window: NodeWindow?
        if choice.allowsWindow {
            var counterparts: MPIGroup?
            if places.topology.nodeCount > 1 {
                let group = try world.split(color: places.topology.localRank, key: places.topology.nodeIndex)
                owned.append(group)
                counterparts = group
            }
            let made = try NodeMemory.makeOnAllRanks(
                node: places.node, byteCount: NodeWindow.byteCount(settings), world: world)
            failure = made.failure
            window = made.memory.map {
                NodeWindow(in: $0, counterparts: counterparts.map(ring), settings: settings)
            }
        }
        self.window = window
        ownedGroups = owned
        (algorithm, reductionDescription) = try choice.resolve(windowFailure: failure)
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
        case (.shmRing, let window?): machine = window.start(buffer)
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

    /// Sums with an algorithm of the caller's choice, and waits; for measurements.
    func sum(
        _ buffer: UnsafeMutableBufferPointer<Float>, by algorithm: AllReduceAlgorithm, label: String
    ) throws(CollectiveError) {
        if algorithm == .shmRing, let mailbox, mailbox.takes(buffer.count * MemoryLayout<Float>.stride) {
            try join(buffer, .sum, in: mailbox, label: label, deadlineSeconds: nil)
        } else {
            try startAllReduceSum(buffer, by: algorithm, label: label).wait()
        }
    }

    package func startAllReduceSum(
        _ buffer: UnsafeMutableBufferPointer<Float>, label: String
    ) throws(CollectiveError) -> PendingReduction {
        try startAllReduceSum(buffer, by: algorithm, label: label)
    }

    package func allocateShared(count: Int) throws(CollectiveError) -> UnsafeMutableBufferPointer<Float>? {
        guard algorithm == .shmRing, let window, count > 0 else { return nil }
        let made = try NodeMemory.makeOnAllRanks(
            node: node, byteCount: count * MemoryLayout<Float>.stride, world: world)
        guard let memory = made.memory else { return nil }
        window.share(memory)
        let start = memory.bases[memory.localRank].bindMemory(to: Float.self, capacity: count)
        return UnsafeMutableBufferPointer(start: start, count: count)
    }

    package func progress() throws(CollectiveError) { _ = try advance() }

    /// - Returns: whether any reduction came further.
    private func advance() throws(CollectiveError) -> Bool {
        guard !underWay.isEmpty else { return false }
        try requireIntact("progress")
        let moved = try breaking { () throws(CollectiveError) in
            var moved = false
            for state in underWay where try state.advance() { moved = true }
            return moved
        }
        underWay.removeAll { $0.isFinished }
        return moved
    }

    package func note(step: Int?, phase: String) { board.note(step: step, phase: phase) }

    func wait(for state: ReductionState, deadlineSeconds: Double?) throws(CollectiveError) {
        board.beginWait(in: "all-reduce '\(state.label)'")
        defer { board.endWait() }
        guard !state.isFinished else { return }
        try wait(for: "all-reduce", label: state.label, deadlineSeconds: deadlineSeconds) {
            state.isFinished
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
            if try advance() {
                deadline.restart()
                continue
            }
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
