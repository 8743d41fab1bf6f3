package import Checkpointing
package import NN
package import Pretraining
internal import Tensors

/// Everything a run is made of at a step, as a checkpoint holds it: the network under its own names, the objective's
/// companions (`target.`), and the optimizer's slots (`optimizer.`).
package struct RunState {
    private let objective: any Objective
    private let optimizer: any Optimizer
    private let config: RunConfig

    package init(_ objective: any Objective, _ optimizer: any Optimizer, _ config: RunConfig) {
        self.objective = objective
        self.optimizer = optimizer
        self.config = config
    }

    /// A copy of all tensors, so that training can go on while it is written.
    /// - step: updates done; notes: what else the file should say, such as class names.
    package func snapshot(step: Int, epoch: Int, notes: [String: String]) -> CheckpointSnapshot {
        CheckpointSnapshot(
            entries: tensors.map { path, tensor in
                SafetensorsEntry(
                    name: path, dtype: .float32, shape: tensor.shape,
                    copying: UnsafeRawBufferPointer(start: tensor.floats, count: tensor.count * 4))
            },
            metadata: CheckpointMetadata(
                step: step, epoch: epoch, seed: config.run.seed, configuration: config.yaml,
                configurationDigest: config.digest, programVersion: ProgramVersion.text, extra: notes))
    }

    /// Puts back what `snapshot` took; the run goes on at the returned step.
    package func restore(_ checkpoint: CheckpointReader) throws -> Int {
        let metadata = try checkpoint.metadata()
        guard metadata.configurationDigest == config.digest else {
            throw TrainingError(
                .configuration,
                "\(checkpoint.path) was written under another configuration (digest "
                    + "\(metadata.configurationDigest), now \(config.digest))",
                hint: "use the run's own config.yaml, or start anew from these weights with --load-from")
        }
        try WeightLoading.restore(tensors, from: checkpoint.file)
        optimizer.stepCount = metadata.step
        objective.arena.didChange()
        objective.didLoad()
        return metadata.step
    }

    private var tensors: [(path: String, tensor: Tensor)] {
        var all = objective.network.namedTensors + objective.companionTensors
        for (slot, tensor) in optimizer.slots {
            for entry in optimizer.arena.entries {
                all.append(
                    (
                        "optimizer.\(slot).\(entry.path)",
                        tensor.window(at: entry.offset, shape: entry.parameter.shape)
                    ))
            }
        }
        return all
    }

    /// A number that is equal on ranks that hold the same parameters, bit for bit.
    package var digest: UInt64 {
        var hash = XXH64()
        let values = objective.arena.values
        hash.update(UnsafeRawBufferPointer(start: values.floats, count: values.count * 4))
        return hash.digest
    }
}

/// The program's own version.
package enum ProgramVersion {
    package static let text = "0.1.0"
}
