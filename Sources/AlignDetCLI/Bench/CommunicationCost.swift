internal import Collectives
internal import Training

/// What summing gradients over ranks cost steps, and how much of it backward hid.
struct CommunicationCost {
    var reports: [StepReport] = []
    /// Seconds that the same sums take with nothing else to do.
    var aloneSeconds = 0.0

    /// Measures `aloneSeconds`; a call of all ranks.
    static func secondsAlone(_ communicator: MPICommunicator, byteCount: Int) throws -> Double {
        let benchmark = try AllReduceBenchmark(communicator, largestByteCount: byteCount)
        defer { benchmark.free() }
        return Measurement.median(try benchmark.measure(byteCount: byteCount, repetitions: 5).seconds)
    }
}

extension BenchLine {
    /// Ranks and their communication.
    mutating func add(_ cost: CommunicationCost, of communicator: any Communicator) {
        add("ranks", communicator.topology.size)
        add("sums", communicator.reductionDescription)
        let exposed = Measurement.median(cost.reports.map(\.communication.exposedSeconds))
        add("ranks_apart_s", Measurement.median(cost.reports.map(\.communication.apartSeconds)))
        add("comm_exposed_s", exposed)
        add("comm_under_way_s", Measurement.median(cost.reports.map(\.communication.underWaySeconds)))
        add("comm_alone_s", cost.aloneSeconds)
        add("comm_hidden_share", cost.aloneSeconds > 0 ? 1 - exposed / cost.aloneSeconds : 1)
    }
}
