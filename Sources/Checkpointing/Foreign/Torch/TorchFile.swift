/// A file that `torch.save` wrote, in either of its two containers.
/// - Source: PyTorch `torch/serialization.py`: a zip archive since 1.6, a row of pickles before.
enum TorchFile {
    /// The first two pickles of the older container: magic number 1950A86A20F9469CFC6C and protocol 1001.
    private static let legacyStart: [UInt8] = [
        0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
        0x80, 0x02, 0x4D, 0xE9, 0x03, 0x2E,
    ]
    private static let pickleName = "data.pkl"

    static func isArchive(_ file: MappedFile) -> Bool { file.holds(ZipArchive.localMagic, at: 0) }
    static func isLegacy(_ file: MappedFile) -> Bool { file.holds(legacyStart, at: 0) }

    static func readArchive(_ file: MappedFile) throws(CheckpointError) -> ForeignDocument {
        let archive = try ZipArchive(file)
        let names = archive.names
        guard let name = names.first(where: { $0 == pickleName || $0.hasSuffix("/" + pickleName) }),
            let record = archive[name]
        else {
            throw CheckpointError(
                .damaged, path: file.path, "the zip archive has no \(pickleName)",
                hint: "was it made by torch.save?")
        }
        let folder = name.dropLast(pickleName.count)
        guard archive["\(folder)constants.pkl"] == nil else {
            throw CheckpointError(
                .damaged, path: file.path, "is a TorchScript program, not weights",
                hint: "save its state_dict() with torch.save")
        }
        if let order = archive["\(folder)byteorder"], file.text(order.range) != "little" {
            throw file.damage("its numbers are not little-endian", at: order.range.lowerBound)
        }
        _ = try archive.storage(record).verified()
        var machine = PickleMachine(file, record.range)
        let root = try machine.run()
        var storages: [ForeignStorage] = []
        var known: [String: ForeignStorage] = [:]
        for claim in machine.heap.storages {
            let name = "\(folder)data/\(claim.key)"
            guard let record = archive[name] else {
                throw file.damage(
                    "storage '\(claim.key)' is not in the archive, and is wanted", at: machine.position)
            }
            try check(claim, record.range, file)
            let storage = known[name] ?? archive.storage(record)
            known[name] = storage
            storages.append(storage)
        }
        return ForeignDocument(file: file, root: root, heap: machine.heap, storages: storages)
    }

    private static func check(
        _ claim: PickleHeap.Storage, _ range: Range<Int>, _ file: MappedFile
    ) throws(CheckpointError) {
        guard ForeignTensor.byteCount(claim.dtype, [claim.count]) == range.count else {
            throw file.damage(
                "storage '\(claim.key)' has \(range.count) bytes, where \(claim.dtype.rawValue) [\(claim.count)] is claimed,",
                at: range.lowerBound)
        }
    }

    static func readLegacy(_ file: MappedFile) throws(CheckpointError) -> ForeignDocument {
        var system = PickleMachine(file, legacyStart.count..<file.count)
        let facts = try system.run()
        var machine = PickleMachine(file, system.cursor.position..<file.count)
        let root = try machine.run()
        var order = PickleMachine(file, machine.cursor.position..<file.count)
        let keys = try order.run()
        guard isLittleEndian(facts, system) else {
            throw file.damage("its numbers are not little-endian", at: legacyStart.count)
        }
        guard case .list(let index) = keys else {
            throw file.damage("a list of storages belongs here", at: machine.cursor.position)
        }
        let claims = Dictionary(
            machine.heap.storages.map { ($0.key, $0) }, uniquingKeysWith: { one, _ in one })
        var position = order.cursor.position
        var found: [String: ForeignStorage] = [:]
        for key in order.heap.lists[index] {
            guard let key = order.string(key), let claim = claims[key], found[key] == nil else {
                throw file.damage("a storage that nothing is made of, or named twice,", at: position)
            }
            guard position <= file.count - 8 else {
                throw file.damage("cut short: storage '\(key)' is missing", at: position)
            }
            let count = file.number(UInt64.self, at: position)
            position += 8
            guard count == UInt64(claim.count),
                let byteCount = ForeignTensor.byteCount(claim.dtype, [claim.count]),
                byteCount <= file.count - position
            else {
                throw file.damage(
                    "storage '\(key)' claims \(claim.dtype.rawValue) [\(claim.count)], has \(count) elements and "
                        + "\(file.count - position) bytes are left of the file,", at: position)
            }
            found[key] = ForeignStorage(file, position..<(position + byteCount))
            position += byteCount
        }
        var storages: [ForeignStorage] = []
        for claim in machine.heap.storages {
            guard let storage = found[claim.key], claims[claim.key]?.dtype == claim.dtype,
                claims[claim.key]?.count == claim.count
            else { throw file.damage("storage '\(claim.key)' is not in the file as claimed", at: position) }
            storages.append(storage)
        }
        return ForeignDocument(file: file, root: root, heap: machine.heap, storages: storages)
    }

    private static func isLittleEndian(_ facts: PickleValue, _ machine: PickleMachine) -> Bool {
        guard case .dictionary(let index) = facts else { return false }
        return machine.heap.dictionaries[index].contains { key, value in
            if case .bool(true) = value { return machine.string(key) == "little_endian" }
            return false
        }
    }
}
