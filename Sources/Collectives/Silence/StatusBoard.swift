internal import CMPI
internal import Foundation

/// A row per rank of this node in memory they share, so that a rank that was stopped can still be asked where.
final class StatusBoard {
    private static let pageByteCount = 4096

    private let window: OpaquePointer?
    private let rows: [StatusRow]
    private let own: StatusRow
    private let heartbeat: Heartbeat
    private var waitCount = 0

    /// - memory: one address per rank of the node, or this rank's alone; of `window`, or its own.
    private init(
        _ memory: [UnsafeMutableRawPointer], own index: Int, window: OpaquePointer?, _ topology: Topology
    ) {
        self.window = window
        rows = memory.map { StatusRow($0) }
        let own = rows[index]
        self.own = own
        own.open(rank: topology.rank, hostName: topology.hostName)
        // The row is written by address alone; atomic for this field.
        nonisolated(unsafe) let row = own
        heartbeat = Heartbeat { row.beat() }
    }

    /// Makes the node's board; where some rank has no shared memory, every rank sees itself alone.
    static func make(_ places: NodePlaces, world: MPIGroup) throws(CollectiveError) -> StatusBoard {
        var window: OpaquePointer?
        let code = cmpi_window_create(places.node.handle, Int64(pageByteCount), &window)
        var everywhere: Int64 = code == 0 ? 1 : 0
        try MPIGroup.check(
            cmpi_allreduce(world.handle, &everywhere, 1, CMPI_INT64, CMPI_MIN), rank: world.rank)
        guard everywhere == 1, let window else {
            let memory = UnsafeMutableRawPointer.allocate(byteCount: pageByteCount, alignment: 64)
            memory.initializeMemory(as: UInt8.self, repeating: 0, count: pageByteCount)
            return StatusBoard([memory], own: 0, window: nil, places.topology)
        }
        let memory = (0..<places.node.size).map { local in
            guard let base = cmpi_window_base(window, Int32(local)) else {
                preconditionFailure("no shared memory of local rank \(local)")
            }
            return base
        }
        return StatusBoard(memory, own: places.node.rank, window: window, places.topology)
    }

    /// One that was given up with its communicator: the library may take the memory away at its end.
    deinit { heartbeat.stop() }

    /// On all ranks of the node together.
    func free(rank: Int) throws(CollectiveError) {
        heartbeat.stop()
        if let window { try MPIGroup.check(cmpi_window_free(window), rank: rank) }
    }

    func note(step: Int?, phase: String) { own.note(step: step, phase: phase) }

    func beginWait(in collective: String) {
        waitCount += 1
        own.beginWait(waitCount, in: collective)
    }

    /// A wait that was given up is not over: ranks that look later must find this one in it, not missing from it.
    func endWait() {
        if own.overdueWait != waitCount { own.endWait() }
    }

    /// Says that this rank's wait is given up.
    func giveUp() { own.giveUp(waitCount) }

    /// Whether a rank of this node gave up the wait this one is in.
    var isGivenUp: Bool { rows.contains { $0.overdueWait == waitCount } }

    /// This rank's own line.
    var ownStatus: RankStatus { StatusRow.status(own.bytes()[...], now: StatusRow.now) }

    /// The lines of all ranks of this node.
    var statuses: [RankStatus] { rows.map { StatusRow.status($0.bytes()[...], now: StatusRow.now) } }

    /// All rows with the clock they were read at, for ranks elsewhere.
    func encoded() -> [UInt8] {
        withUnsafeBytes(of: (StatusRow.now, UInt64(rows.count))) { [UInt8]($0) } + rows.flatMap { $0.bytes() }
    }

    private static let headerByteCount = 16
    static func encodedByteCount(rows: Int) -> Int { headerByteCount + rows * StatusRow.byteCount }

    /// What `encoded` gave, with or without bytes behind it.
    static func decode(_ bytes: UnsafeRawBufferPointer) -> [RankStatus] {
        let now = bytes.loadUnaligned(as: UInt64.self)
        let count = Int(bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        return (0..<count).map { index in
            let start = encodedByteCount(rows: index)
            return StatusRow.status([UInt8](bytes[start..<start + StatusRow.byteCount])[...], now: now)
        }
    }
}
