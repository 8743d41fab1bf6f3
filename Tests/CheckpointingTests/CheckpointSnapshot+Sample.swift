@testable import Checkpointing

extension CheckpointSnapshot {
    /// A few tensors that do not compress well, `size` numbers in the largest.
    static func sample(step: Int, size: Int = 2000) -> CheckpointSnapshot {
        var state = UInt32(truncatingIfNeeded: step &+ 1)
        let noise = (0..<size).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return Float(state) / 4e9 - 0.5
        }
        return CheckpointSnapshot(
            entries: [
                SafetensorsEntry(name: "neck.weight", shape: [size / 10, 10], floats: noise),
                SafetensorsEntry(name: "head.bias", shape: [3], floats: [-4.6, 0, Float(step)]),
                SafetensorsEntry(name: "mask", dtype: .bool, shape: [5], bytes: [1, 0, 1, 1, 0]),
                SafetensorsEntry(name: "nothing", shape: [0, 4], floats: []),
            ],
            metadata: CheckpointMetadata(
                step: step, epoch: 2, seed: .max, configuration: "run:\n  seed: 1\n",
                configurationDigest: "00ff",
                programVersion: "0.1 \"test\"", extra: ["classes": "[\"RBC\", \"WBC\"]"]))
    }
}

extension CheckpointWriter {
    /// Writes and waits.
    func writeNow(_ snapshot: CheckpointSnapshot, _ purpose: Purpose = .step) throws {
        write(snapshot, purpose)
        try finish()
    }
}
