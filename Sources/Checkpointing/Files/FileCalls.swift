import Foundation

/// The calls of the system that bring a file to disk; tests let any one of them fail.
struct FileCalls: Sendable {
    /// As `write`, `fsync` and `rename` of the C library: -1 and `errno` on an error.
    var write: @Sendable (_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int
    var sync: @Sendable (_ descriptor: Int32) -> Int32
    var rename: @Sendable (_ old: String, _ new: String) -> Int32

    static let system = FileCalls(
        write: { Foundation.write($0, $1, $2) }, sync: { fsync($0) }, rename: { Foundation.rename($0, $1) })
}
