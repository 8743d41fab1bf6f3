/// A checkpoint or weights file that was read whole and found sound.
///
/// Checked are the zstd checksum, the header and each tensor's digest. A file of another program's without
/// digests is taken as it is; a checkpoint of ours must have one for every tensor.
package struct CheckpointReader: Sendable {
    package let file: SafetensorsFile

    package var path: String { file.path }
    package var entries: [SafetensorsEntry] { file.entries }

    /// - path: `*.safetensors.zst` or `*.safetensors`.
    package init(path: String) throws(CheckpointError) {
        file = try SafetensorsFile(path: path)
        let isOurs = CheckpointMetadata.isPresent(in: file.metadata)
        for entry in file.entries {
            let written = file.metadata[CheckpointMetadata.digestKey(entry.name)]
            if written == nil && !isOurs { continue }
            let found = XXH64.text(entry.bytes)
            guard written == found else {
                throw CheckpointError(
                    .damaged, path: path, tensor: entry.name,
                    "its digest is \(found), the file says \(written ?? "nothing")",
                    hint: SafetensorsFile.damageHint)
            }
        }
        let digestPrefix = CheckpointMetadata.digestKey("")
        let orphan = file.metadata.keys.sorted().first {
            $0.hasPrefix(digestPrefix) && file[String($0.dropFirst(digestPrefix.count))] == nil
        }
        if let orphan {
            throw CheckpointError(
                .damaged, path: path, tensor: String(orphan.dropFirst(digestPrefix.count)),
                "has a digest but is not there", hint: SafetensorsFile.damageHint)
        }
    }

    /// What the run that wrote it says about itself.
    /// - Throws: `.mismatch` for a file of weights that is no checkpoint of a run.
    package func metadata() throws(CheckpointError) -> CheckpointMetadata {
        try CheckpointMetadata(file.metadata, path: path)
    }

    /// The tensors whose names begin with `prefix`, in the order of the file, for reading a part.
    package func entries(prefix: String) -> [SafetensorsEntry] {
        entries.filter { $0.name.hasPrefix(prefix) }
    }

    /// The tensor `name`, which must have this shape and type.
    package func entry(
        _ name: String, dtype: SafetensorsDType, shape: [Int]
    ) throws(CheckpointError) -> SafetensorsEntry {
        guard let entry = file[name] else {
            throw CheckpointError(
                .mismatch, path: path, tensor: name, "is not in the file",
                hint: "ckpt show lists what it holds; was it written for this model?")
        }
        guard entry.dtype == dtype, entry.shape == shape else {
            throw CheckpointError(
                .mismatch, path: path, tensor: name,
                "is \(entry.typeDescription), the model needs \(dtype.rawValue) \(shape)",
                hint: "the configuration differs from the one it was written with")
        }
        return entry
    }
}
