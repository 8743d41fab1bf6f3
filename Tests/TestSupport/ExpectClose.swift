internal import Foundation
package import Tensors
package import Testing

/// Fails unless |actual - expected| stays below `relative` times the largest |expected| everywhere.
///
/// `ALIGNDET_SHOW_ERRORS=1` prints what was measured, which is how a tolerance is judged.
/// - Returns: the worst difference over the largest magnitude; infinite where a value is not finite.
@discardableResult
package func expectClose(
    _ actual: [Double], _ expected: [Double], relative tolerance: Double,
    _ what: @autoclosure () -> String = "",
    sourceLocation: SourceLocation = #_sourceLocation
) -> Double {
    guard actual.count == expected.count else {
        Issue.record(
            "\(what()): \(actual.count) values where \(expected.count) were expected",
            sourceLocation: sourceLocation)
        return .infinity
    }
    let magnitude = expected.reduce(0) { max($0, abs($1)) }
    var (worst, place) = (0.0, 0)
    for i in actual.indices {
        let difference = abs(actual[i] - expected[i])
        // Written so that a NaN counts as the worst.
        if !(difference <= worst) { (worst, place) = (difference.isNaN ? .infinity : difference, i) }
    }
    let error = worst == 0 ? 0 : worst / magnitude
    if ProcessInfo.processInfo.environment["ALIGNDET_SHOW_ERRORS"] == "1" {
        print("error \(error) of \(tolerance) line \(sourceLocation.line) \(what())")
    }
    if !(error <= tolerance) {
        Issue.record(
            """
            \(what()): \(actual[place]) where \(expected[place]) was expected, at \(place) of \
            \(actual.count); \
            \(error) of the largest magnitude \(magnitude), \(tolerance) allowed
            """, sourceLocation: sourceLocation)
    }
    return error
}

@discardableResult
package func expectClose(
    _ actual: [Float], _ expected: [Float], relative tolerance: Double,
    _ what: @autoclosure () -> String = "",
    sourceLocation: SourceLocation = #_sourceLocation
) -> Double {
    expectClose(
        actual.map { Double($0) }, expected.map { Double($0) }, relative: tolerance, what(),
        sourceLocation: sourceLocation)
}

/// The same of two tensors, whose shapes must agree too.
@discardableResult
package func expectClose(
    _ actual: Tensor, _ expected: Tensor, relative tolerance: Double, _ what: @autoclosure () -> String = "",
    sourceLocation: SourceLocation = #_sourceLocation
) -> Double {
    if actual.shape != expected.shape {
        Issue.record(
            "\(what()): shape \(actual.shape) where \(expected.shape) was expected",
            sourceLocation: sourceLocation)
    }
    return expectClose(
        actual.values, expected.values, relative: tolerance, what(), sourceLocation: sourceLocation)
}

/// The same of two numbers.
@discardableResult
package func expectClose(
    _ actual: Double, _ expected: Double, relative tolerance: Double, _ what: @autoclosure () -> String = "",
    sourceLocation: SourceLocation = #_sourceLocation
) -> Double {
    expectClose([actual], [expected], relative: tolerance, what(), sourceLocation: sourceLocation)
}
