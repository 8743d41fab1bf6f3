import Detection
import NN
import Tensors
import TestSupport
import Testing

@Suite struct AnchorProjectionTests {
    /// Evaluated everywhere by two dense 1x1 convolutions, channels unrolled as shape, then embedding.
    @Test func equalsTheDenseProjectionReadAtTheChosenAnchors() {
        let (inputs, hidden, dimension, shapes) = (6, 5, 4, 3)
        let projection = AnchorProjection(
            inputs: inputs, hidden: hidden, dimension: dimension, anchorShapeCount: shapes)
        let names = ["0.weight", "0.bias", "2.weight", "2.bias"]
        #expect(projection.namedParameters.map(\.path) == names)
        for (path, parameter) in projection.namedParameters {
            parameter.assign(
                Tensor(
                    GoldenWeights.values("projection." + path, count: parameter.value.count),
                    shape: parameter.shape))
        }
        let parameters = projection.namedParameters.map(\.parameter.leaf)
        let map = Tensor(
            GoldenWeights.values("projection.map", count: 2 * 3 * 4 * inputs), shape: [2, 3, 4, inputs])
        let tape = Tape(recording: false)
        let dense = tape.conv2d(
            tape.conv2d(
                Variable(constant: map), weight: parameters[0], bias: parameters[1],
                geometry: ConvolutionGeometry(),
                activation: .relu),
            weight: parameters[2], bias: parameters[3], geometry: ConvolutionGeometry()
        ).tensor.values

        let (cells, chosen): ([Int32], [Int32]) = ([23, 0, 5, 5, 11], [2, 0, 1, 2, 2])
        let sampled = projection(tape.gatherRows(Variable(constant: map), cells), shape: chosen, tape)
        let expected = zip(cells, chosen).flatMap { cell, shape -> [Float] in
            let start = (Int(cell) * shapes + Int(shape)) * dimension
            return Array(dense[start..<(start + dimension)])
        }
        #expect(sampled.shape == [5, dimension])
        expectClose(sampled.tensor.values, expected, relative: Tolerance.operation)
    }
}
