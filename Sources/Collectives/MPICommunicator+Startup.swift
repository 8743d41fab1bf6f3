internal import CMPI

extension MPICommunicator {
    /// Initialises the MPI library and finds out where every rank is; once per process, on the main thread.
    /// - Throws: kind `unsupported` if the library allows no more than one thread per process.
    package static func start(
        _ settings: CommunicatorSettings = CommunicatorSettings()
    ) throws(CollectiveError) -> MPICommunicator {
        precondition(cmpi_is_initialized() == 0, "MPI was started before")
        var granted: Int32 = 0
        try MPIGroup.check(cmpi_init(&granted), rank: 0)
        let world = try MPIGroup.world().duplicate()
        guard let level = MPIThreadLevel(rawValue: granted), level != .single else {
            throw CollectiveError(
                .unsupported, rank: world.rank, call: "MPI_Init_thread",
                text: "grants no threads besides the main one",
                hint: "use an MPI library built with thread support")
        }
        let communicator = try MPICommunicator(
            world: world, places: NodePlaces(world: world, ranksPerNode: nil), threadLevel: level,
            settings: settings)
        if settings.algorithm == .auto, settings.payload == .f32 { try communicator.tryLibrary() }
        return communicator
    }

    /// The same ranks with message spaces and settings of their own.
    /// - ranksPerNode: pretends that nodes are this small; nil for the truth.
    func duplicate(
        _ settings: CommunicatorSettings = CommunicatorSettings(), ranksPerNode: Int? = nil
    ) throws(CollectiveError) -> MPICommunicator {
        let copy = try world.duplicate()
        return try MPICommunicator(
            world: copy, places: NodePlaces(world: copy, ranksPerNode: ranksPerNode),
            threadLevel: threadLevel,
            settings: settings)
    }

    /// Name and version of the MPI library in use, on one line.
    package static var libraryVersion: String {
        var text = [CChar](repeating: 0, count: 8192)
        guard cmpi_library_version(&text, Int32(text.count)) == 0 else { return "unknown" }
        let line = text.prefix { $0 != 0 && $0 != 10 }
        return String(decoding: line.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
