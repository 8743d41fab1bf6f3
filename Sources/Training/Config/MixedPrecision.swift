package import Collectives
package import Tensors

/// Whether maps and their gradients are kept in 16 bits; parameters, statistics, losses and sums never are.
package enum MixedPrecision: String, Sendable, CaseIterable {
    case off
    /// bfloat16; refused where a rank's CPU does not multiply such numbers itself.
    case bf16
    /// bfloat16 where all ranks' CPUs multiply such numbers themselves.
    case auto

    /// What all ranks use.
    /// - Throws: `TrainingError` on every rank where `bf16` is asked of CPUs without it.
    package func dtype(on communicator: any Communicator) throws -> DType {
        guard self != .off else { return .float32 }
        let able = try communicator.reduced(
            [DType.computesBFloat16 ? 1 : 0], .sum, label: "CPUs that compute in bfloat16")[0]
        let size = communicator.topology.size
        if Int(able) == size { return .bfloat16 }
        guard self == .bf16 else { return .float32 }
        throw TrainingError(
            .configuration,
            "run.amp is bf16, but \(size - Int(able)) of \(size) ranks run on CPUs without bfloat16 arithmetic",
            hint: "set --amp off, or auto to decide by the CPUs")
    }
}
