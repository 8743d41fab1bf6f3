internal import CMPI

extension MPICommunicator {
    package func allReduce<Element: ReducibleElement>(
        _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReductionOperation, label: String,
        deadlineSeconds: Double?
    ) throws(CollectiveError) {
        guard buffer.count > 0 else { return }
        board.beginWait(in: "all-reduce (\(operation)) '\(label)'")
        defer { board.endWait() }
        let type = Element.elementType.cType
        if let mailbox, mailbox.takes(buffer.count * MemoryLayout<Element>.stride) {
            return try join(buffer, operation, in: mailbox, label: label, deadlineSeconds: deadlineSeconds)
        }
        let request = try begin(label) {
            cmpi_iallreduce(
                world.handle, buffer.baseAddress, Int64(buffer.count), type, operation.cOperation, &$0)
        }
        try complete(request, "all-reduce (\(operation))", label: label, deadlineSeconds: deadlineSeconds)
    }

    /// Where small numbers meet: in shared memory, if all ranks are on one node.
    var mailbox: NodeMailbox? {
        topology.nodeCount == 1 && algorithm == .shmRing ? window?.mailbox : nil
    }

    /// - Precondition: the mailbox takes as many bytes.
    func join<Element: ReducibleElement>(
        _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReductionOperation,
        in mailbox: NodeMailbox,
        label: String, deadlineSeconds: Double?
    ) throws(CollectiveError) {
        try requireIntact(label)
        guard let start = buffer.baseAddress else { return }
        mailbox.post(start, byteCount: buffer.count * MemoryLayout<Element>.stride)
        if !(spinSeconds > 0 ? mailbox.isCompleteSoon() : mailbox.isComplete()) {
            try wait(for: "all-reduce (\(operation))", label: label, deadlineSeconds: deadlineSeconds) {
                mailbox.isComplete()
            }
        }
        mailbox.join(into: start, count: buffer.count, Element.elementType.cType, operation.cOperation)
    }

    package func broadcast(
        _ bytes: UnsafeMutableRawBufferPointer, root: Int, label: String, deadlineSeconds: Double?
    ) throws(CollectiveError) {
        precondition(
            topology.nodeOfRank.indices.contains(root), "broadcast from rank \(root) of \(topology.size)")
        guard bytes.count > 0 else { return }
        board.beginWait(in: "broadcast '\(label)'")
        defer { board.endWait() }
        let request = try begin(label) {
            cmpi_ibroadcast(world.handle, bytes.baseAddress, Int64(bytes.count), CMPI_BYTE, Int32(root), &$0)
        }
        try complete(request, "broadcast", label: label, deadlineSeconds: deadlineSeconds)
    }

    package func barrier(label: String, deadlineSeconds: Double?) throws(CollectiveError) {
        board.beginWait(in: "barrier '\(label)'")
        defer { board.endWait() }
        let request = try begin(label) { cmpi_ibarrier(world.handle, &$0) }
        try complete(request, "barrier", label: label, deadlineSeconds: deadlineSeconds)
    }

    /// Point-to-point rather than `MPI_Gatherv`, whose counts and offsets are 32-bit.
    package func gather(
        _ bytes: [UInt8], label: String, deadlineSeconds: Double?
    ) throws(CollectiveError) -> [[UInt8]]? {
        var lengths = [Int64](repeating: 0, count: topology.size)
        lengths[topology.rank] = Int64(bytes.count)
        lengths = try reduced(lengths, .sum, label: "\(label), lengths")
        let tag = world.nextTag()
        board.beginWait(in: "gather '\(label)'")
        defer { board.endWait() }
        guard topology.rank == 0 else {
            try send(bytes, tag: tag, label: label, deadlineSeconds: deadlineSeconds)
            return nil
        }
        var parts = [bytes]
        for peer in 1..<max(topology.size, 1) {
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(lengths[peer]), alignment: 16)
            let request = try begin(label) {
                cmpi_ireceive(
                    world.handle, buffer.baseAddress, lengths[peer], CMPI_BYTE, Int32(peer), tag, &$0)
            }
            // Not deallocated on an error: the library may still write to it.
            try complete(request, "gather from rank \(peer)", label: label, deadlineSeconds: deadlineSeconds)
            parts.append([UInt8](buffer))
            buffer.deallocate()
        }
        return parts
    }

    private func send(
        _ bytes: [UInt8], tag: Int32, label: String, deadlineSeconds: Double?
    ) throws(CollectiveError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
        buffer.copyBytes(from: bytes)
        let request = try begin(label) {
            cmpi_isend(world.handle, buffer.baseAddress, Int64(bytes.count), CMPI_BYTE, 0, tag, &$0)
        }
        // Not deallocated on an error: the library may still read it.
        try complete(request, "gather on rank 0", label: label, deadlineSeconds: deadlineSeconds)
        buffer.deallocate()
    }

    func begin(
        _ label: String, _ body: (inout OpaquePointer?) -> Int32
    ) throws(CollectiveError) -> MPIRequest {
        try requireIntact(label)
        do throws(CollectiveError) {
            return try MPIRequest(rank: topology.rank, body)
        } catch {
            breakOff(because: "\(error)")
            throw error
        }
    }
}
