internal import CMPI
internal import Foundation

/// One rank's line on a board: bytes in shared memory, written by that rank alone, readable at any moment.
struct StatusRow {
    static let byteCount = 512

    private enum Place {
        /// Odd while the row is being written.
        static let edition = 0
        static let beat = 8
        /// The wait, counted from 1, that went past its deadline; 0 for none.
        static let overdue = 16
        static let rank = 24
        static let step = 32
        static let waitCount = 40
        static let since = 48
        static let isWaiting = 56
        static let phase = (at: 64, capacity: 64)
        static let wait = (at: 128, capacity: 192)
        static let host = (at: 320, capacity: 192)
    }

    private let memory: UnsafeMutableRawPointer

    init(_ memory: UnsafeMutableRawPointer) { self.memory = memory }

    /// Nanoseconds of a clock that all processes of a node share.
    static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    // MARK: Writing

    func open(rank: Int, hostName: String) {
        edit {
            store(rank, at: Place.rank)
            store(-1, at: Place.step)
            store(Int(Self.now), at: Place.since)
            store(hostName, at: Place.host)
        }
        beat()
    }

    /// The heartbeat; from any thread.
    func beat() { cmpi_counter_publish(memory + Place.beat, Self.now) }

    func note(step: Int?, phase: String) {
        edit {
            store(step ?? -1, at: Place.step)
            store(phase, at: Place.phase)
            store(Int(Self.now), at: Place.since)
        }
    }

    func beginWait(_ count: Int, in collective: String) {
        edit {
            store(count, at: Place.waitCount)
            store(1, at: Place.isWaiting)
            store(collective, at: Place.wait)
            store(Int(Self.now), at: Place.since)
        }
    }

    func endWait() {
        edit {
            store(0, at: Place.isWaiting)
            store(Int(Self.now), at: Place.since)
        }
    }

    /// Tells the ranks of this node that the wait will not be waited for any longer.
    func giveUp(_ wait: Int) { cmpi_counter_publish(memory + Place.overdue, UInt64(wait)) }

    private func edit(_ body: () -> Void) {
        let edition = cmpi_counter_read(memory + Place.edition)
        cmpi_counter_publish(memory + Place.edition, edition &+ 1)
        body()
        cmpi_counter_publish(memory + Place.edition, edition &+ 2)
    }

    private func store(_ value: Int, at place: Int) {
        memory.storeBytes(of: value, toByteOffset: place, as: Int.self)
    }

    private func store(_ text: String, at place: (at: Int, capacity: Int)) {
        var text = text
        text.withUTF8 { bytes in
            let count = min(bytes.count, place.capacity - 1)
            if let base = bytes.baseAddress { (memory + place.at).copyMemory(from: base, byteCount: count) }
            memory.storeBytes(of: 0, toByteOffset: place.at + count, as: UInt8.self)
        }
    }

    // MARK: Reading

    var overdueWait: Int { Int(cmpi_counter_read(memory + Place.overdue)) }

    /// A copy no edit has torn; of a rank that was stopped in the middle of one, as it is.
    func bytes() -> [UInt8] {
        var copy: [UInt8] = []
        for _ in 0..<1000 {
            let edition = cmpi_counter_read(memory + Place.edition)
            copy = [UInt8](UnsafeRawBufferPointer(start: memory, count: Self.byteCount))
            if edition & 1 == 0, cmpi_counter_read(memory + Place.edition) == edition { break }
            cmpi_relax()
        }
        return copy
    }

    /// - bytes: of a row; now: the clock of the row's node.
    static func status(_ bytes: ArraySlice<UInt8>, now: UInt64) -> RankStatus {
        bytes.withUnsafeBytes { row in
            func number(_ place: Int) -> Int { row.loadUnaligned(fromByteOffset: place, as: Int.self) }
            func text(_ place: (at: Int, capacity: Int)) -> String {
                String(decoding: row[place.at..<place.at + place.capacity].prefix { $0 != 0 }, as: UTF8.self)
            }
            func age(_ place: Int) -> Double { max(0, Double(Int(now) - number(place)) / 1e9) }
            var status = RankStatus(rank: number(Place.rank))
            status.hostName = text(Place.host)
            status.step = number(Place.step) < 0 ? nil : number(Place.step)
            status.phase = text(Place.phase)
            status.waitsIn = number(Place.isWaiting) != 0 ? text(Place.wait) : nil
            status.waitCount = number(Place.waitCount)
            status.seconds = age(Place.since)
            status.silentSeconds = age(Place.beat)
            return status
        }
    }
}
