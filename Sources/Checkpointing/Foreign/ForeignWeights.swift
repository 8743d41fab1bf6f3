/// The tensors of a file of weights in any format this program reads, under the names they have there.
package struct ForeignWeights {
    package let path: String
    /// In the order of the file.
    package let tensors: [ForeignTensor]
    /// Members beside the tensors, such as counters, that are no tensors.
    package let otherNames: [String]
    /// What the file calls its classes, where it says so (MMDetection's `meta`).
    package let classNames: [String]?

    /// Where a training program puts its model in a checkpoint: MMDetection and MoCo, DETR, SimMIM and
    /// detectron2, others.
    private static let roots = ["state_dict", "model", "model_state_dict", "model_state", "blobs"]
    /// A file whose tensors, packed tight, take more than so many times its size is refused.
    private static let expansionLimit = 8

    /// Reads `.pth` (both containers), `.pkl`, `.safetensors` and `.safetensors.zst`: the first bytes tell,
    /// not the name.
    ///
    /// A pickle is never executed: see `PickleMachine`. Tensors are read when asked for.
    /// - Throws: for a file that is damaged or describes anything but weights; names the byte.
    package init(path: String) throws(CheckpointError) {
        let file = try MappedFile(path: path)
        if TorchFile.isArchive(file) {
            try self.init(TorchFile.readArchive(file))
        } else if TorchFile.isLegacy(file) {
            try self.init(TorchFile.readLegacy(file))
        } else if file.count >= 2, file.bytes[0] == PickleOpcode.proto.rawValue, file.bytes[1] < 6 {
            var machine = PickleMachine(file, 0..<file.count)
            let root = try machine.run()
            guard machine.heap.storages.isEmpty else {
                throw file.damage(
                    "refused: BINPERSID names a storage, and the file has none,", at: machine.position)
            }
            try self.init(ForeignDocument(file: file, root: root, heap: machine.heap, storages: []))
        } else {
            try self.init(CheckpointReader(path: path).file)
        }
    }

    private init(_ file: SafetensorsFile) throws(CheckpointError) {
        path = file.path
        tensors = file.entries.map { entry in
            var strides = [Int](repeating: 1, count: entry.shape.count)
            for axis in entry.shape.indices.dropLast().reversed() {
                strides[axis] = strides[axis + 1] * entry.shape[axis + 1]
            }
            return ForeignTensor(
                name: entry.name, dtype: entry.dtype, shape: entry.shape, strides: strides, offset: 0,
                storage: ForeignStorage(copying: entry.bytes))
        }
        otherNames = []
        classNames = nil
    }

    private init(_ document: ForeignDocument) throws(CheckpointError) {
        path = document.file.path
        guard let top = document.members(document.root) else {
            throw CheckpointError(
                .damaged, path: path, "holds \(document.root.kind), not a dict of tensors",
                hint: "save the model's state_dict()")
        }
        // A training program may keep tensors beside its model, such as a generator's state.
        var members = top
        for root in Self.roots {
            guard let value = top.first(where: { $0.name == root })?.value,
                let inner = document.members(value),
                inner.contains(where: { document.tensor($0.value, named: "") != nil })
            else { continue }
            members = inner
            break
        }
        var tensors: [ForeignTensor] = []
        var others: [String] = []
        var byteCount = 0
        for (name, value) in members {
            guard let tensor = document.tensor(value, named: name) else {
                others.append(name)
                continue
            }
            tensors.append(tensor)
            byteCount += tensor.elementCount * tensor.dtype.byteCount
            guard byteCount <= Self.expansionLimit * document.file.count else {
                throw CheckpointError(
                    .damaged, path: path, tensor: name,
                    "the tensors up to here take more than \(Self.expansionLimit) times the file's size",
                    hint: "save copies instead of expanded views")
            }
        }
        guard !tensors.isEmpty else {
            throw CheckpointError(
                .damaged, path: path,
                "holds no tensors: \(top.prefix(8).map(\.name).joined(separator: ", "))",
                hint: "weights are looked for at the top and in \(Self.roots.joined(separator: ", "))")
        }
        self.tensors = tensors
        otherNames = others
        classNames = Self.classNames(top, document)
    }

    /// `meta.CLASSES` of MMDetection 2, `meta.dataset_meta.classes` (or `CLASSES`) of 3.
    private static func classNames(_ top: [(name: String, value: PickleValue)], _ document: ForeignDocument)
        -> [String]?
    {
        func member(_ value: PickleValue, _ name: String) -> PickleValue? {
            document.members(value)?.first { $0.name.lowercased() == name }?.value
        }
        guard let meta = top.first(where: { $0.name == "meta" })?.value else { return nil }
        let place = member(meta, "classes") ?? member(meta, "dataset_meta").flatMap { member($0, "classes") }
        return place.flatMap { document.texts($0) }
    }
}
