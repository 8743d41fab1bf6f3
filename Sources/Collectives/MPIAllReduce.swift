internal import CMPI

/// The sum as the MPI library makes it.
final class MPIAllReduce: ReductionMachine {
    private var request: MPIRequest

    init(_ buffer: UnsafeMutableBufferPointer<Float>, on group: MPIGroup) throws(CollectiveError) {
        request = try MPIRequest(rank: group.rank) {
            cmpi_iallreduce(group.handle, buffer.baseAddress, Int64(buffer.count), CMPI_FLOAT, CMPI_SUM, &$0)
        }
    }

    func advance() throws(CollectiveError) -> ReductionAdvance { try request.test() ? .done : .stuck }
}
