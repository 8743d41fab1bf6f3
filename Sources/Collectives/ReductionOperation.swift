internal import CMPI

/// How elements of equal position are joined over ranks; the extremes of a NaN are not defined.
package enum ReductionOperation: String, Sendable {
    case sum, maximum, minimum

    var cOperation: cmpi_op {
        switch self {
        case .sum: CMPI_SUM
        case .maximum: CMPI_MAX
        case .minimum: CMPI_MIN
        }
    }
}
