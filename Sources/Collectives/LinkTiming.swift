internal import CMPI

/// What messages between two ranks cost.
package struct LinkTiming: Sendable {
    /// Seconds of a message of 8 bytes, one way.
    package let latencySeconds: Double
    /// One way, with messages of 4 MB.
    package let bytesPerSecond: Double
}

extension MPICommunicator {
    private static let shortByteCount = 8
    private static let longByteCount = 4 << 20

    /// Sends messages back and forth between two ranks while the others wait; all ranks call it.
    package func measureLink(between first: Int, and second: Int) throws(CollectiveError) -> LinkTiming {
        let short = try roundTrip(first, second, byteCount: Self.shortByteCount, count: 100)
        let long = try roundTrip(first, second, byteCount: Self.longByteCount, count: 5)
        return LinkTiming(
            latencySeconds: short / 2, bytesPerSecond: Double(Self.longByteCount) / (long / 2))
    }

    /// - Returns: seconds of the fastest round trip, on all ranks.
    private func roundTrip(
        _ first: Int, _ second: Int, byteCount: Int, count: Int
    ) throws(CollectiveError) -> Double {
        let tag = world.nextTag()
        var best = Double.infinity
        if topology.rank == first || topology.rank == second {
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 64)
            buffer.initializeMemory(as: UInt8.self, repeating: 1)
            for _ in 0...count {
                let start = ContinuousClock.now
                try passOn(
                    buffer, sends: topology.rank == first, to: topology.rank == first ? second : first, tag)
                try passOn(
                    buffer, sends: topology.rank != first, to: topology.rank == first ? second : first, tag)
                best = min(best, (ContinuousClock.now - start) / .seconds(1))
            }
            // Kept on an error: the library may still use it.
            buffer.deallocate()
        }
        return try reduced(best, .minimum, label: "round trip")
    }

    private func passOn(
        _ buffer: UnsafeMutableRawBufferPointer, sends: Bool, to peer: Int, _ tag: Int32
    ) throws(CollectiveError) {
        let (base, count) = (buffer.baseAddress, Int64(buffer.count))
        let request = try begin("round trip") {
            sends
                ? cmpi_isend(world.handle, base, count, CMPI_BYTE, Int32(peer), tag, &$0)
                : cmpi_ireceive(world.handle, base, count, CMPI_BYTE, Int32(peer), tag, &$0)
        }
        try complete(request, "message", label: "round trip with rank \(peer)", deadlineSeconds: nil)
    }
}
