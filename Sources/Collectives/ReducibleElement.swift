internal import CMPI

/// The numbers ranks can reduce: `Float`, `Double` and `Int64`.
package protocol ReducibleElement: Sendable, BitwiseCopyable {
    static var elementType: ReductionElementType { get }
}

package enum ReductionElementType: Sendable {
    case float, double, int64

    var cType: cmpi_type {
        switch self {
        case .float: CMPI_FLOAT
        case .double: CMPI_DOUBLE
        case .int64: CMPI_INT64
        }
    }
}

extension Float: ReducibleElement {
    package static var elementType: ReductionElementType { .float }
}

extension Double: ReducibleElement {
    package static var elementType: ReductionElementType { .double }
}

extension Int64: ReducibleElement {
    package static var elementType: ReductionElementType { .int64 }
}
