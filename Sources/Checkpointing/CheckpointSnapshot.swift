/// The state of a run, copied off the arrays it lives in, so that training goes on while it is written.
package struct CheckpointSnapshot: Sendable {
    /// Names differ; any order.
    package let entries: [SafetensorsEntry]
    package let metadata: CheckpointMetadata

    package init(entries: [SafetensorsEntry], metadata: CheckpointMetadata) {
        self.entries = entries
        self.metadata = metadata
    }

    /// Metadata for the file, each tensor's digest among them.
    package var fileMetadata: [String: String] {
        var result = metadata.dictionary
        for entry in entries { result[CheckpointMetadata.digestKey(entry.name)] = XXH64.text(entry.bytes) }
        return result
    }
}
