import TestSupport
import Testing

@testable import Tensors

/// Products of floats on tiles of bfloat16 numbers against sums in float64; where the CPU has such tiles.
@Suite(.serialized, .enabled(if: TiledProduct.isAvailable, "this CPU multiplies no tiles"))
struct TiledProductTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let m, n, depth: Int
        var testDescription: String { "\(m)x\(n) of \(depth)" }
    }

    /// Whole tiles; ragged in every direction, either side the longer one; several rounds of depth.
    static let cases = [
        Case(m: 512, n: 256, depth: 512), Case(m: 733, n: 141, depth: 651), Case(m: 131, n: 877, depth: 590),
        Case(m: 128, n: 129, depth: 4205),
    ]

    /// Numbers of all magnitudes between 2^-12 and 2^12, with all 24 bits.
    private func spread(_ name: String, _ shape: [Int]) -> Tensor {
        let (x, power) = (numbers(name, shape), numbers(name + ".power", shape, scale: 12))
        return Tensor(
            zip(x.values, power.values).map {
                Float(sign: .plus, exponent: Int($1.rounded()), significand: $0)
            }, shape: shape)
    }

    private func transposed(_ x: Tensor) -> Tensor {
        let (rows, columns) = (x.shape[0], x.shape[1])
        let values = x.values
        return Tensor((0..<x.count).map { values[$0 % rows * columns + $0 / rows] }, shape: [columns, rows])
    }

    /// No worse than float units, whose sums round each product: the error of a sum over the magnitudes of its terms.
    @Test(arguments: cases, [(false, false), (false, true), (true, false), (true, true)])
    func errorsAreNoLargerThanThoseOfFloatUnits(c: Case, transposes: (a: Bool, b: Bool)) {
        let (a, b) = (spread("tiles.a", [c.m, c.depth]), spread("tiles.b", [c.depth, c.n]))
        let (left, right) = (transposes.a ? transposed(a) : a, transposes.b ? transposed(b) : b)
        func run(_ set: KernelSet) -> [Float] {
            set.run {
                MatMul.product(left, right, transposeA: transposes.a, transposeB: transposes.b).values
            }
        }
        KernelSet.fast.run { #expect(TiledProduct.serves(m: c.m, n: c.n, depth: c.depth)) }
        let (tiled, plain) = (run(.fast), run(.plain))
        let (av, bv) = (a.values.map(Double.init), b.values.map(Double.init))
        var worst = (tiled: 0.0, plain: 0.0)
        // Every row and column, not every pair.
        for i in 0..<max(c.m, c.n) * 3 {
            let (row, column) = (i % c.m, (i * 7 + i / c.m) % c.n)
            var (sum, magnitude) = (0.0, 0.0)
            for k in 0..<c.depth {
                let term = av[row * c.depth + k] * bv[k * c.n + column]
                sum += term
                magnitude += abs(term)
            }
            let place = row * c.n + column
            worst.tiled = max(worst.tiled, abs(Double(tiled[place]) - sum) / magnitude)
            worst.plain = max(worst.plain, abs(Double(plain[place]) - sum) / magnitude)
        }
        #expect(worst.tiled <= worst.plain && worst.plain < 1e-6, "\(worst)")
    }

    /// Convolutions of one pixel in every direction, with all that a forward one may have fused.
    @Test(arguments: [Activation.none, .relu, .relu6]) func pointwiseConvolutionsEqualPlainOnes(
        activation: Activation
    ) {
        let (x, weight) = (
            numbers("tiles.x", [2, 23, 31, 260]), numbers("tiles.w", [270, 260, 1, 1], scale: 0.3)
        )
        let (bias, dy) = (numbers("tiles.bias", [270], scale: 3), numbers("tiles.dy", [2, 23, 31, 270]))
        let geometry = ConvolutionGeometry()
        for direction in [ConvolutionShape.Direction.forward, .backwardData, .backwardWeights] {
            let shape = ConvolutionShape(
                input: x.shape, weight: weight.shape, geometry: geometry, direction: direction)
            KernelSet.fast.run { #expect(PointwiseConvolution.serves(shape)) }
            KernelSet.plain.run { #expect(!PointwiseConvolution.serves(shape)) }
        }
        func run(_ set: KernelSet, adding: Bool) -> [Tensor] {
            set.run {
                let y = Convolution.forward(
                    x, weight: weight, packs: WeightPacks(), bias: bias, geometry: geometry,
                    activation: activation,
                    addend: adding ? numbers("tiles.addend", dy.shape) : nil)
                let dx = Convolution.backwardData(
                    dy, weight: weight, packs: WeightPacks(), inputShape: x.shape, geometry: geometry)
                let dw = numbers("tiles.dw", weight.shape)
                Convolution.backwardWeights(
                    [(x, dy), (x, dy)], weightGradient: dw, accumulate: adding, geometry: geometry)
                return [y, dx, dw]
            }
        }
        for adding in [false, true] {
            for (tiled, plain) in zip(run(.fast, adding: adding), run(.plain, adding: adding)) {
                expectClose(tiled, plain, relative: Tolerance.operation)
            }
        }
    }

    @Test func theNumberOfThreadsDoesNotShow() {
        let (a, b) = (numbers("tiles.threads.a", [1000, 300]), numbers("tiles.threads.b", [300, 250]))
        KernelSet.fast.run {
            let one = ThreadBudget.with(1) { MatMul.product(a, b).values }
            for count in [2, 5] {
                // Compared first: the test library would look for the shortest list of changes between the two.
                let isSame = ThreadBudget.with(count) { MatMul.product(a, b).values } == one
                #expect(isSame, "\(count) threads")
            }
        }
    }

    /// A loss that is not finite must be seen as one, whatever is applied on the way.
    @Test(arguments: [Float.nan, .infinity, -.infinity]) func whatIsNotFiniteStaysSo(value: Float) {
        let x = numbers("tiles.finite.x", [1, 32, 16, 512])
        x.floats[5 * 512 + 77] = value
        let y = KernelSet.fast.run {
            Convolution.forward(
                x, weight: numbers("tiles.finite.w", [512, 512, 1, 1]), packs: WeightPacks(),
                geometry: ConvolutionGeometry(), activation: .relu6
            ).values
        }
        for pixel in 0..<512 {
            #expect(y[pixel * 512..<(pixel + 1) * 512].allSatisfy { $0.isFinite == (pixel != 5) })
        }
    }
}
