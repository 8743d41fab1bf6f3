/// How fast one core copies memory that is in no cache.
enum CopyRate {
    private static let byteCount = 64 << 20

    /// Bytes read a second, while as many are written: the best of several.
    static func measure() -> Double {
        let source = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 64)
        let target = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 64)
        defer {
            source.deallocate()
            target.deallocate()
        }
        source.initializeMemory(as: UInt8.self, repeating: 1)
        target.initializeMemory(as: UInt8.self, repeating: 2)
        let times = (0..<5).map { _ in
            let start = ContinuousClock.now
            target.copyMemory(from: UnsafeRawBufferPointer(source))
            return (ContinuousClock.now - start) / .seconds(1)
        }
        return Double(byteCount) / (times.min() ?? .infinity)
    }
}
