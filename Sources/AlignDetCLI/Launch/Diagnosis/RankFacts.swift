internal import Collectives
internal import Foundation
internal import Tensors

/// What one rank knows about its place, for rank 0 to compare.
struct RankFacts: Codable {
    let rank: Int
    let host: String
    let localRank: Int
    let localSize: Int
    /// Numbers of the processors this rank may use.
    let processors: [Int]
    let machineProcessorCount: Int
    let threadCount: Int
    /// Processors that a control group grants; nil without a limit.
    let quota: Double?
    let instructionSet: InstructionSet
    let libraries: [String]
    let hasOwnBLASThreads: Bool
    let interfaces: [String]
    let sharedMemoryFree: Int
    let sharedMemoryTotal: Int
    /// Why the neighbour's memory cannot be read.
    let peerMemoryObstacle: String?
    /// Variables that matter here, as set for this rank.
    let variables: [String: String]

    static let variableNames = [
        "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENBLAS_CORETYPE",
        "OMPI_MCA_btl_vader_single_copy_mechanism",
        "ALIGNDET_KERNELS",
    ]

    /// All ranks call it.
    init(_ communicator: any Communicator) throws {
        let topology = communicator.topology
        rank = topology.rank
        host = topology.hostName
        localRank = topology.localRank
        localSize = topology.localSize
        processors = try ProcessorSet.numbers(rank: topology.rank)
        machineProcessorCount = Placement.machineCoreCount
        threadCount = Placement.threadCount(topology)
        quota = HostFacts.processorQuota
        instructionSet = HostFacts.instructionSet
        libraries = KernelSet.libraries.map { "\($0.name) \($0.text)" }
        hasOwnBLASThreads = KernelSet.openBLASHasOwnThreads
        interfaces = HostFacts.interfaces
        let room = SharedMemoryRoom.current
        sharedMemoryFree = room.freeByteCount
        sharedMemoryTotal = room.totalByteCount
        peerMemoryObstacle = try PeerMemory.obstacle(communicator)
        let environment = ProcessInfo.processInfo.environment
        variables = environment.filter { Self.variableNames.contains($0.key) }
    }

    /// The facts of all ranks on rank 0, nil elsewhere.
    func gathered(_ communicator: any Communicator) throws -> [RankFacts]? {
        try communicator.gather([UInt8](try JSONEncoder().encode(self)), label: "doctor")?
            .map { try JSONDecoder().decode(RankFacts.self, from: Data($0)) }
    }

    var row: String {
        "rank \(rank)  host \(host)  cores \(HostFacts.list(processors)) of \(machineProcessorCount)  "
            + "threads \(threadCount)  ISA \(instructionSet.rawValue)  " + libraries.joined(separator: "  ")
    }
}
