package import Checkpointing
internal import NN

/// Weights of another program's, put into the names and layout of a model of ours.
package struct WeightImport {
    /// What the file is supposed to hold.
    package enum Model {
        case detector(RunConfig)
        case backbone(BackboneConfig.Name)
        /// A backbone, known by its tensors; a whole detector must be named.
        case found
    }

    /// What became of each tensor.
    package let report: KeyReport
    /// What the tensors were taken for.
    package let modelName: String
    private let source: String
    private let entries: [SafetensorsEntry]
    private let config: RunConfig?
    private let notes: [String: String]

    /// - reversesInputs: whether the file's network reads blue, green, red.
    /// - Throws: for a file that cannot be used at all; tensors without a place are in the report.
    package init(
        path: String, family: ForeignFamily, model: Model, reversesInputs: Bool
    ) throws {
        source = path
        let weights = try ForeignWeights(path: path)
        let names = weights.tensors.map(\.name)
        let bare =
            names.allSatisfy { $0.hasPrefix("module.") } ? names.map { String($0.dropFirst(7)) } : names
        let table = family.table(forForeign: bare)
        func translated(_ wanted: [WeightTranslation.Wanted]?) throws -> ([SafetensorsEntry], KeyReport) {
            try WeightTranslation.imported(weights, table, wanted: wanted, reversesInputs: reversesInputs)
        }
        switch model {
        case .detector(let config):
            let network = ModelAssembly(config.model, reducer: LocalStatistics()).detector()
            (entries, report) = try translated(Self.wanted(network, prefix: ""))
            (self.config, modelName) = (config, config.model.detector.rawValue)
        case .backbone(let name):
            (entries, report) = try translated(Self.wanted(name))
            (config, modelName) = (nil, name.rawValue)
        case .found:
            config = nil
            guard family != .safetensors else {
                (entries, report) = try translated(nil)
                modelName = "weights"
                break
            }
            let found = try Self.backbone(weights, table, translated)
            (entries, report, modelName) = (found.entries, found.report, found.name.rawValue)
        }
        var notes = ["imported_from": family.rawValue, "imported_model": modelName]
        if let config, let count = config.model.classCount {
            notes.merge(CategoryNames(count: count, given: weights.classNames).notes) { one, _ in one }
        }
        self.notes = notes
    }

    /// Writes what found its place; a detector with its configuration, so that it can detect, be scored and
    /// be trained.
    /// - path: `*.safetensors.zst` is packed, anything else is not.
    /// - isStrict: whether a tensor without a place stops it.
    package func write(to path: String, isStrict: Bool) throws {
        guard report.isComplete || !isStrict else {
            throw TrainingError(
                .badInput,
                "\(source): its tensors are not those of \(modelName): \(report.missing.count) missing, "
                    + "\(report.unexpected.count) unexpected, \(report.reshaped.count) of another shape",
                hint:
                    "name another --model, set its widths and classes with --cfg-options, or pass --no-strict"
            )
        }
        var metadata = notes
        if let config {
            metadata =
                CheckpointSnapshot(
                    entries: entries,
                    metadata: CheckpointMetadata(
                        step: 0, epoch: 0, seed: config.run.seed, configuration: config.yaml,
                        configurationDigest: config.digest, programVersion: ProgramVersion.text, extra: notes)
                ).fileMetadata
        }
        if path.hasSuffix(Checkpoints.suffix) {
            try SafetensorsFile.writePacked(entries, metadata: metadata, to: path, level: 1)
        } else {
            try SafetensorsFile.write(entries, metadata: metadata, to: path)
        }
    }

    private static func wanted(_ module: any Module, prefix: String) -> [WeightTranslation.Wanted] {
        module.namedTensors.map { WeightTranslation.Wanted(name: prefix + $0.path, shape: $0.tensor.shape) }
    }

    private static func wanted(_ name: BackboneConfig.Name) -> [WeightTranslation.Wanted] {
        let backbone = ModelAssembly.backbone(
            name, frozenStages: -1, norm: .frozen, reducer: LocalStatistics())
        return wanted(backbone, prefix: "backbone.")
    }

    /// The backbone of which nothing is missing, or else the one of which least is.
    private static func backbone(
        _ weights: ForeignWeights, _ table: NameTable,
        _ translated: ([WeightTranslation.Wanted]?) throws -> ([SafetensorsEntry], KeyReport)
    ) throws -> (name: BackboneConfig.Name, entries: [SafetensorsEntry], report: KeyReport) {
        var shapes: [String: [Int]] = [:]
        for (tensor, name) in zip(weights.tensors, table.stripped(weights.tensors.map(\.name))) {
            if let own = name.flatMap({ table.own($0) }) { shapes[own.name] = tensor.shape }
        }
        var best: (name: BackboneConfig.Name, misfits: Int)?
        for name in BackboneConfig.Name.allCases {
            let wanted = Set(wanted(name).map { "\($0.name) \($0.shape)" })
            let given = Set(
                shapes.filter { !$0.key.hasSuffix("num_batches_tracked") }.map { "\($0.key) \($0.value)" })
            let misfits = wanted.symmetricDifference(given).count
            if misfits < best?.misfits ?? Int.max { best = (name, misfits) }
        }
        guard let best, best.misfits < wanted(best.name).count else {
            throw TrainingError(
                .badInput,
                "\(weights.path): its \(weights.tensors.count) tensors, such as "
                    + "'\(weights.tensors[0].name)', are no backbone this program knows under that name",
                hint: "name the program with --from, and for a whole detector the model with --model")
        }
        let (entries, report) = try translated(wanted(best.name))
        return (best.name, entries, report)
    }
}
