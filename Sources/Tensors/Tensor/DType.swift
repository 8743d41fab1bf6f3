/// The number format of a tensor: a run-time value, so that one model type serves every precision.
///
/// Activations and packed weights may be stored in 16 bits where the CPU computes in them; parameters, statistics,
/// losses and reductions stay in `float32`.
package enum DType: Sendable {
    case float32

    package var byteCount: Int {
        switch self {
        case .float32: 4
        }
    }
}
