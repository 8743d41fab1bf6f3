import NN
import Tensors
import Testing

@Suite struct InitializerTests {
    private final class Layer: Module {
        let parts: [(String, Parameter)]
        init(_ parts: [(String, Parameter)]) { self.parts = parts }
        func visit(_ visitor: inout ParameterVisitor) {
            for (name, parameter) in parts { visitor.visit(name, parameter) }
        }
    }

    private func filled(_ initializer: Initializer, _ shape: [Int] = [64, 32, 3, 3]) -> [Double] {
        let parameter = Parameter(shape, initializer)
        Layer([("weight", parameter)]).initialize(seed: 5)
        return parameter.value.values.map { Double($0) }
    }

    private func moments(_ values: [Double]) -> (mean: Double, deviation: Double) {
        let mean = values.reduce(0, +) / Double(values.count)
        return (
            mean, (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)).squareRoot()
        )
    }

    /// Variances of weights [64, 32, 3, 3]: fan in 288, fan out 576.
    static let published: [(initializer: Initializer, variance: Double)] = [
        (.normal(0.01), 1e-4), (.kaimingNormalFanOut, 2.0 / 576.0), (.xavierUniform, 2.0 / 864.0),
        (.kaimingUniformFanIn, 1.0 / 288.0),
    ]

    /// 18432 draws give deviations to half a percent, means to a hundredth of the deviation.
    @Test(arguments: published)
    func momentsAreThePublishedOnes(initializer: Initializer, variance: Double) {
        let deviation = variance.squareRoot()
        let (mean, measured) = moments(filled(initializer))
        #expect(abs(measured / deviation - 1) < 0.02)
        #expect(abs(mean) < 0.03 * deviation)
    }

    @Test(arguments: published.suffix(2))
    func uniformOnesKeepTheirBoundAndReachIt(initializer: Initializer, variance: Double) {
        let bound = (3 * variance).squareRoot()
        let largest = filled(initializer).reduce(0) { max($0, abs($1)) }
        #expect(largest <= bound * (1 + 1e-6) && largest > 0.99 * bound)
    }

    @Test func linearWeightsCountTheirOwnFans() {
        let deviation = moments(filled(.xavierUniform, [100, 300])).deviation
        #expect(abs(deviation / (2.0 / 400).squareRoot() - 1) < 0.02)
    }

    @Test func normalDrawsHaveNormalTails() {
        // Beyond two deviations lie 4.55 % of a normal distribution, beyond four 0.006 %.
        let values = filled(.normal(1))
        let beyondTwo = Double(values.count { abs($0) > 2 }) / Double(values.count)
        #expect(abs(beyondTwo - 0.0455) < 0.006)
        #expect(values.count { abs($0) > 4 } < 10)
    }

    @Test func eachParameterDrawsFromAStreamNamedByItsPath() {
        let (alone, first) = (Parameter([50], .normal(1)), Parameter([50], .normal(1)))
        let second = Parameter([50], .normal(1))
        Layer([("a", alone)]).initialize(seed: 1)
        Layer([("b", first), ("a", second)]).initialize(seed: 1)
        #expect(alone.value.values == second.value.values)
        #expect(first.value.values != second.value.values)
        Layer([("a", first)]).initialize(seed: 2)
        #expect(first.value.values != alone.value.values)
    }
}
