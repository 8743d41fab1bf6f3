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
            let found = try Self.backbone(weights, table, BackboneVariant.known.filter { $0.name == name })
            (entries, report) = try translated(found.wanted)
            (config, modelName) = (nil, found.variant.text)
        case .found:
            config = nil
            guard family != .safetensors else {
                (entries, report) = try translated(nil)
                modelName = "weights"
                break
            }
            let found = try Self.backbone(weights, table, BackboneVariant.known)
            guard found.misfitCount < found.wanted.count else {
                throw TrainingError(
                    .badInput,
                    "\(path): its \(weights.tensors.count) tensors, such as '\(weights.tensors[0].name)', are no "
                        + "backbone this program knows under that name",
                    hint: "name the program with --from, and for a whole detector the model with --model")
            }
            (entries, report) = try translated(found.wanted)
            modelName = found.variant.text
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

    /// What a file of a backbone has to hold.
    /// - given: our names of what it holds: output norms and a last convolution are wanted where they are there.
    private static func wanted(_ variant: BackboneVariant, given: Set<String>) -> [WeightTranslation.Wanted] {
        var variant = variant
        variant.hasFinalConvolution = given.contains { $0.hasPrefix("backbone.features.18.") }
        let backbone = ModelAssembly.backbone(
            variant, frozenStages: -1, norm: .frozen, reducer: LocalStatistics())
        let required = variant.name.filePrefixes
        return wanted(backbone, prefix: "backbone.").filter { tensor in
            given.contains(tensor.name) || required.contains { tensor.name.hasPrefix($0) }
        }
    }

    /// Of some backbones the one of which nothing is missing, or else the one of which least is.
    private static func backbone(
        _ weights: ForeignWeights, _ table: NameTable, _ variants: [BackboneVariant]
    ) throws -> (variant: BackboneVariant, wanted: [WeightTranslation.Wanted], misfitCount: Int) {
        var shapes: [String: [Int]] = [:]
        for (tensor, name) in zip(weights.tensors, table.stripped(weights.tensors.map(\.name))) {
            guard let name, !table.leavesOut(name), let own = table.own(name)?.name else { continue }
            if !own.hasSuffix("num_batches_tracked") { shapes[own] = tensor.shape }
        }
        let given = Set(shapes.map { "\($0.key) \($0.value)" })
        var best: (variant: BackboneVariant, wanted: [WeightTranslation.Wanted], misfitCount: Int)?
        // Large networks are built only where the first layer is theirs.
        let likely = variants.filter { variant in
            shapes[variant.stem.name].map { $0.first == variant.stem.outputs ?? $0.first } ?? false
        }
        for variant in likely.isEmpty ? Array(variants.prefix(1)) : likely {
            let wanted = wanted(variant, given: Set(shapes.keys))
            let misfits = Set(wanted.map { "\($0.name) \($0.shape)" }).symmetricDifference(given).count
            if misfits < best?.misfitCount ?? Int.max { best = (variant, wanted, misfits) }
        }
        guard let best else { preconditionFailure("no backbone to choose from") }
        return best
    }
}
