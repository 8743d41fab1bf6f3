package import Checkpointing

/// A checkpoint's network under another program's names.
package struct WeightExport {
    /// What became of each tensor.
    package let report: KeyReport
    private let source: String
    private let family: ForeignFamily
    private let entries: [SafetensorsEntry]

    /// What a run keeps beside its network: see `RunState`.
    private static let companions = ["target.", "optimizer."]

    /// - path: a checkpoint, or weights under our names.
    /// - reversesInputs: whether the other network reads blue, green, red.
    package init(path: String, family: ForeignFamily, reversesInputs: Bool) throws {
        let file = try CheckpointReader(path: path).file
        let network = file.entries.filter { entry in
            !Self.companions.contains { entry.name.hasPrefix($0) }
        }.sorted { $0.name < $1.name }
        guard let table = family.table(forOwn: network.map(\.name)), !network.isEmpty else {
            throw TrainingError(
                .badInput, "\(path): its model has no counterpart in \(family.rawValue)",
                hint: "choose another --to")
        }
        source = path
        self.family = family
        (entries, report) = WeightTranslation.exported(
            network, table, addsCounters: family == .torchvision || family == .mmdet,
            reversesInputs: reversesInputs)
    }

    /// Writes the format its program reads: `.pth` for PyTorch's, detectron2's `.pkl` unless the name ends in
    /// `.pth`.
    /// - isStrict: whether a tensor without a place stops it.
    package func write(to path: String, isStrict: Bool) throws {
        guard report.isComplete || !isStrict else {
            throw TrainingError(
                .badInput,
                "\(source): \(report.unexpected.count) tensors have no name in \(family.rawValue), "
                    + "\(report.reshaped.count) another shape",
                hint: "pass --no-strict to leave them out")
        }
        switch family {
        case .safetensors: try SafetensorsFile.write(entries, metadata: ["format": "pt"], to: path)
        case .detectron2 where !path.hasSuffix(".pth"): try ArrayPickleWriter.write(entries, to: path)
        default: try TorchWriter.write(entries, root: root, to: path)
        }
    }

    /// Under what key the program looks for its model.
    private var root: String? {
        switch family {
        case .mmdet: "state_dict"
        case .detr, .detectron2: "model"
        default: nil
        }
    }
}
