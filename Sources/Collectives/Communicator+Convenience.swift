extension Communicator {
    /// Sums buffers over ranks, in place, with the default deadline.
    package func allReduceSum<Element: ReducibleElement>(
        _ buffer: UnsafeMutableBufferPointer<Element>, label: String
    ) throws(CollectiveError) {
        try allReduce(buffer, .sum, label: label, deadlineSeconds: nil)
    }

    /// The largest element of every position over ranks, in place.
    package func allReduceMax<Element: ReducibleElement>(
        _ buffer: UnsafeMutableBufferPointer<Element>, label: String
    ) throws(CollectiveError) {
        try allReduce(buffer, .maximum, label: label, deadlineSeconds: nil)
    }

    /// The smallest element of every position over ranks, in place.
    package func allReduceMin<Element: ReducibleElement>(
        _ buffer: UnsafeMutableBufferPointer<Element>, label: String
    ) throws(CollectiveError) {
        try allReduce(buffer, .minimum, label: label, deadlineSeconds: nil)
    }

    /// The values joined over ranks, position by position.
    package func reduced<Element: ReducibleElement>(
        _ values: [Element], _ operation: ReductionOperation, label: String
    ) throws(CollectiveError) -> [Element] {
        let buffer = UnsafeMutableBufferPointer<Element>.allocate(capacity: values.count)
        _ = buffer.initialize(from: values)
        // Not deallocated on an error: the library may still write to it.
        try allReduce(buffer, operation, label: label, deadlineSeconds: nil)
        defer { buffer.deallocate() }
        return [Element](buffer)
    }

    /// One value joined over ranks.
    package func reduced<Element: ReducibleElement>(
        _ value: Element, _ operation: ReductionOperation, label: String
    ) throws(CollectiveError) -> Element {
        try reduced([value], operation, label: label)[0]
    }

    /// Copies root's numbers into every rank's buffer of equal count.
    package func broadcast<Element: BitwiseCopyable>(
        _ buffer: UnsafeMutableBufferPointer<Element>, root: Int = 0, label: String
    ) throws(CollectiveError) {
        try broadcast(UnsafeMutableRawBufferPointer(buffer), root: root, label: label, deadlineSeconds: nil)
    }

    /// Root's bytes on every rank, of whatever length root has; what other ranks pass is ignored.
    package func broadcast(_ bytes: [UInt8], root: Int = 0, label: String) throws(CollectiveError) -> [UInt8]
    {
        let mine = topology.rank == root ? Int64(bytes.count) : 0
        let count = Int(try reduced(mine, .maximum, label: "\(label), length"))
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 16)
        if topology.rank == root { buffer.copyBytes(from: bytes) }
        // Not deallocated on an error: the library may still write to it.
        try broadcast(buffer, root: root, label: label, deadlineSeconds: nil)
        defer { buffer.deallocate() }
        return [UInt8](buffer)
    }

    /// Collects every rank's bytes on rank 0 with the default deadline.
    package func gather(_ bytes: [UInt8], label: String) throws(CollectiveError) -> [[UInt8]]? {
        try gather(bytes, label: label, deadlineSeconds: nil)
    }

    /// Returns once every rank has arrived, with the default deadline.
    package func barrier(label: String) throws(CollectiveError) {
        try barrier(label: label, deadlineSeconds: nil)
    }
}
