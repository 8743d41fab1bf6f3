internal import CMPI

/// The processors this process may run on.
package enum ProcessorSet {
    /// Processors a mask can name: the size of the C library's set.
    static let capacity = 1024

    /// 1 for each processor (hardware thread) this process may use, 0 for the others.
    static func allowed(rank: Int) throws(CollectiveError) -> [Int64] {
        var allowed = [Int64](repeating: 0, count: capacity)
        try MPIGroup.check(cmpi_allowed_processors(&allowed, Int32(capacity)), rank: rank)
        return allowed
    }

    /// Their numbers, ascending.
    package static func numbers(rank: Int) throws(CollectiveError) -> [Int] {
        try allowed(rank: rank).enumerated().filter { $0.element == 1 }.map(\.offset)
    }
}
