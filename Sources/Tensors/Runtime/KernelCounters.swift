/// What the kernels of this process were asked for so far; differences tell what a stretch of work took.
package enum KernelCounters {
    /// Floating-point operations of convolutions and matrix products, by the direct algorithm whatever was run.
    nonisolated(unsafe) package internal(set) static var flopCount = 0

    /// oneDNN convolutions that had to be built: stands still once every shape was seen.
    package static var primitiveMissCount: Int { PrimitiveCache.shared.missCount }
}
