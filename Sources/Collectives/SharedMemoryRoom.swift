internal import CMPI

/// What is left of the memory file system that shared windows lie in (/dev/shm).
package struct SharedMemoryRoom: Sendable {
    /// Kept free for the MPI library's own queues between the ranks of a node.
    private static let reserveByteCount = 16 << 20

    package let freeByteCount: Int
    /// 0 where there is no such file system.
    package let totalByteCount: Int

    package static var current: SharedMemoryRoom {
        var free: Int64 = 0
        var total: Int64 = 0
        cmpi_shared_memory_room(&free, &total)
        return SharedMemoryRoom(freeByteCount: Int(free), totalByteCount: Int(total))
    }

    /// Why so many bytes more cannot be had; nil if they can, or if nobody knows.
    package func shortage(of byteCount: Int) -> String? {
        guard totalByteCount > 0, byteCount + Self.reserveByteCount > freeByteCount else { return nil }
        return "/dev/shm has \(freeByteCount >> 20) MB free, sums in shared memory want \(byteCount >> 20) MB"
    }
}
