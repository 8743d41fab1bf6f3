internal import CKernels
internal import COneDNN

/// The number format of a tensor: a run-time value, so that one model type serves every precision.
///
/// Results take the format of the maps they are computed from, so the images' format decides for a whole network.
/// Parameters, statistics, losses and reductions stay in `float32`.
package enum DType: String, Sendable {
    case float32
    /// The upper half of a float: its range at 8 bits of precision.
    case bfloat16

    package var byteCount: Int {
        switch self {
        case .float32: 4
        case .bfloat16: 2
        }
    }

    /// Its number in CKernels.
    var code: Int32 {
        switch self {
        case .float32: Int32(CK_FLOAT32)
        case .bfloat16: Int32(CK_BFLOAT16)
        }
    }

    /// Whether this CPU multiplies bfloat16 numbers itself; without, they save memory and cost time.
    package static var computesBFloat16: Bool { cdnnl_computes_bfloat16() != 0 }

    /// Whether this CPU multiplies whole tiles of such numbers (AMX).
    static let multipliesBFloat16Tiles = cdnnl_multiplies_tiles() != 0
}
