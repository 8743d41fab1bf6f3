package import Testing

/// Fails unless `gradient` agrees with central differences of `function` around `point`, element by element.
/// - step: large enough that the function's own rounding stays below it, small against its curvature.
package func expectGradient(
    _ gradient: [Float], of function: ([Float]) throws -> Double, at point: [Float], step: Float,
    relative tolerance: Double = Tolerance.finiteDifferences, _ what: @autoclosure () -> String = "",
    sourceLocation: SourceLocation = #_sourceLocation
) rethrows {
    let differences = try point.indices.map { i in
        var (low, high) = (point, point)
        low[i] -= step
        high[i] += step
        // The step that float32 really took.
        return (try function(high) - function(low)) / Double(high[i] - low[i])
    }
    expectClose(
        gradient.map { Double($0) }, differences, relative: tolerance, what(), sourceLocation: sourceLocation)
}
