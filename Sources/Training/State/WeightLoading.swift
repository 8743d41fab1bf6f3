package import Checkpointing
package import NN
package import Tensors

/// What happened to each tensor when a file was read into a network.
package struct WeightReport: Sendable {
    package var matchedCount = 0
    /// Wanted by the network, not in the file.
    package var missing: [String] = []
    /// In the file, not wanted.
    package var unexpectedCount = 0
    /// Under one name, of different shapes; left as initialised.
    package var reshaped: [String] = []

    package var summary: String {
        var parts = ["\(matchedCount) tensors loaded"]
        func list(_ names: [String], _ what: String) {
            guard !names.isEmpty else { return }
            let shown = names.prefix(4).joined(separator: ", ")
            parts.append("\(names.count) \(what): \(shown)\(names.count > 4 ? ", ..." : "")")
        }
        list(missing, "start fresh")
        list(reshaped, "differ in shape and start fresh")
        if unexpectedCount > 0 { parts.append("\(unexpectedCount) not needed") }
        return parts.joined(separator: "; ")
    }
}

/// Reads tensors from a file into a network by name.
package enum WeightLoading {
    /// Last layers: pre-training ends in others than detection, so they start fresh unless kept. Pre-training has no masks.
    /// - Source: AlignDet `tools/model_converters/extract_detector_weights.py`.
    private static let lastLayers = [
        "retina_cls", "retina_reg", "conv_cls", "conv_reg", "conv_centerness", "fc_cls", "fc_reg",
        "mask_head",
        "class_embed.", "bbox_embed.layers.2.",
    ]
    /// Norms and the biases they replace may differ between pre-training and fine-tuning of a pyramid or a region head.
    private static let pyramidNorms = [".bn.", ".conv.bias"]

    /// A backbone's file, names without a prefix or under `backbone.`.
    /// - required: prefixes of tensors that must be there.
    /// - Returns: tensors of the backbone that the file has not.
    @discardableResult
    package static func loadBackbone(
        _ file: SafetensorsFile, into network: any Module, required: [String] = ["backbone."]
    ) throws -> [String] {
        let entries = Dictionary(
            file.entries.map { (name(inBackbone: $0.name), $0) }, uniquingKeysWith: { a, _ in a })
        var (missing, fresh): ([String], [String]) = ([], [])
        for (path, tensor) in network.namedTensors where path.hasPrefix("backbone.") {
            guard let entry = entries[path] else {
                if required.contains(where: { path.hasPrefix($0) }) {
                    missing.append(path)
                } else {
                    fresh.append(path)
                }
                continue
            }
            guard entry.shape == tensor.shape else { throw mismatch(file.path, entry, tensor.shape) }
            try copy(entry, to: tensor, file.path)
        }
        if let first = missing.first {
            throw TrainingError(
                .badInput,
                "\(file.path): \(missing.count) tensors of the backbone are not there, first '\(first)'",
                hint: "is model.backbone.name the network these weights belong to?")
        }
        network.didLoad()
        return fresh
    }

    private static func name(inBackbone name: String) -> String {
        name.hasPrefix("backbone.") ? name : "backbone." + name
    }

    /// A whole network's weights, such as a pre-training checkpoint, to start another run from.
    /// - keepsLastLayers: whether last layers of equal shape are taken over too.
    /// - Throws: where a tensor that is not a last layer or a pyramid's norm is missing or of another shape.
    package static func load(
        _ file: SafetensorsFile, into network: any Module, keepsLastLayers: Bool
    ) throws -> WeightReport {
        let entries = Dictionary(file.entries.map { ($0.name, $0) }, uniquingKeysWith: { a, _ in a })
        var report = WeightReport()
        for (path, tensor) in network.namedTensors {
            let isLast = lastLayers.contains { path.contains($0) }
            guard !isLast || keepsLastLayers, let entry = entries[path] else {
                let isNormed = path.hasPrefix("neck.") || path.contains(".shared_convs.")
                let mayStart = isLast || (isNormed && pyramidNorms.contains { path.contains($0) })
                guard mayStart else {
                    throw TrainingError(
                        .badInput, "\(file.path): tensor '\(path)' is not there",
                        hint: "the file's model and the configuration's must be the same but for last layers")
                }
                report.missing.append(path)
                continue
            }
            guard entry.shape == tensor.shape else {
                guard isLast else { throw mismatch(file.path, entry, tensor.shape) }
                report.reshaped.append(path)
                continue
            }
            try copy(entry, to: tensor, file.path)
            report.matchedCount += 1
        }
        report.unexpectedCount = file.entries.count - report.matchedCount - report.reshaped.count
        network.didLoad()
        return report
    }

    /// Every tensor of the list, all of which must be there: how a run is resumed.
    package static func restore(_ tensors: [(path: String, tensor: Tensor)], from file: SafetensorsFile)
        throws
    {
        let entries = Dictionary(file.entries.map { ($0.name, $0) }, uniquingKeysWith: { a, _ in a })
        for (path, tensor) in tensors {
            guard let entry = entries[path] else {
                throw TrainingError(
                    .badInput, "\(file.path): tensor '\(path)' is not there",
                    hint: "the checkpoint belongs to another configuration; start in another --work-dir")
            }
            guard entry.shape == tensor.shape else { throw mismatch(file.path, entry, tensor.shape) }
            try copy(entry, to: tensor, file.path)
        }
    }

    private static func mismatch(_ path: String, _ entry: SafetensorsEntry, _ shape: [Int]) -> TrainingError {
        TrainingError(
            .badInput, "\(path): tensor '\(entry.name)' is \(entry.shape), the network's is \(shape)",
            hint: "compare the file's model with the configuration's: widths, levels, anchors, classes")
    }

    private static func copy(_ entry: SafetensorsEntry, to tensor: Tensor, _ path: String) throws {
        guard entry.dtype == .float32 else {
            throw TrainingError(
                .badInput, "\(path): tensor '\(entry.name)' is \(entry.dtype.rawValue), expected F32",
                hint: "convert it to 32-bit floats")
        }
        entry.bytes.withUnsafeBytes { source in
            guard let base = source.baseAddress else { return }
            UnsafeMutableRawPointer(tensor.floats).copyMemory(from: base, byteCount: tensor.count * 4)
        }
    }
}
