import Detection
import NN
import Tensors
import TestSupport
import Testing

@Suite struct PointProjectionTests {
    /// Evaluated everywhere by two dense convolutions: values, and gradients by map and weights.
    @Test func equalsTheDenseProjectionReadAtTheChosenPoints() throws {
        let projection = PointProjection(inputs: 6, hidden: 5, dimension: 4)
        #expect(projection.namedParameters.map(\.path) == ["0.weight", "0.bias", "2.weight", "2.bias"])
        #expect(
            projection.namedParameters.map(\.parameter.shape) == [[5, 6, 3, 3], [5], [4, 5, 1, 1], [4]])
        let parameters = projection.namedParameters
        for (path, parameter) in parameters {
            parameter.assign(
                Tensor(
                    GoldenWeights.values("points." + path, count: parameter.value.count),
                    shape: parameter.shape))
        }
        let maps = [[2, 3, 4, 6], [2, 1, 2, 6]].enumerated().map { i, shape in
            Tensor(GoldenWeights.values("points.map.\(i)", count: shape.reduce(1, *)), shape: shape)
        }
        // Corners, borders, the middle, a repeat.
        let cells: [[Int32]] = [[23, 0, 5, 5, 11], [3, 0]]
        let upstream = Tensor(GoldenWeights.values("points.dy", count: 28), shape: [7, 4])
        func run(_ body: ([Variable], Tape) -> Variable) -> [[Float]] {
            let arena = ParameterArena(parameters)
            arena.beginAccumulation()
            let tape = Tape(recording: true)
            // A factor of one whose gradient shows that of the maps.
            let factors = maps.map { _ in Parameter([], .constant(1)) }
            for factor in factors {
                factor.assign(Tensor([1], shape: []))
                factor.leaf.gradient = Tensor(zeros: [])
            }
            let inputs = zip(maps, factors).map { tape.scaled(Variable(constant: $0), by: $1.leaf) }
            let y = body(inputs, tape)
            tape.backward(from: [(y, upstream)])
            arena.finishAccumulation()
            return [y.tensor.values, arena.gradients.values] + factors.map { $0.leaf.gradient?.values ?? [] }
        }
        let sampled = run { projection($0, cells: cells, $1) }
        let leaves = parameters.map(\.parameter.leaf)
        let dense = run { inputs, tape in
            tape.concatenateRows(
                zip(inputs, cells).map { map, chosen in
                    let hidden = tape.conv2d(
                        map, weight: leaves[0], bias: leaves[1], geometry: ConvolutionGeometry(padding: 1),
                        activation: .relu)
                    let y = tape.conv2d(
                        hidden, weight: leaves[2], bias: leaves[3], geometry: ConvolutionGeometry())
                    return tape.gatherRows(y, chosen)
                })
        }
        for (a, b) in zip(sampled, dense) { expectClose(a, b, relative: Tolerance.operation) }
    }
}
