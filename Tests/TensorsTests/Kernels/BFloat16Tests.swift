import TestSupport
import Testing

@testable import Tensors

/// Operations on 16-bit maps against the same operations in 32 bits on the same numbers.
@Suite(.serialized) struct BFloat16Tests {
    @Test func numbersAreRoundedToTheNearestTiesToEven() {
        // 1 and the next bfloat16 are 2^-7 apart.
        let step: Float = 1.0 / 128
        let cases: [(from: Float, to: Float)] = [
            (1, 1), (1 + 0.49 * step, 1), (1 + 0.5 * step, 1), (1 + 0.51 * step, 1 + step),
            (1 + 1.5 * step, 1 + 2 * step), (-1 - 1.5 * step, -1 - 2 * step), (0, 0), (3.4e38, .infinity),
            (.infinity, .infinity), (-.infinity, -.infinity),
            // Numbers too small for a full exponent.
            (Float(bitPattern: 0x0001_2345), Float(bitPattern: 0x0001_0000)),
        ]
        let converted = Tensor(cases.map(\.from), shape: [cases.count]).converted(to: .bfloat16)
        #expect(converted.dtype == .bfloat16)
        for (value, expected) in zip(converted.values, cases.map(\.to)) {
            #expect(value == expected)
        }
        let odd: [Float] = [.nan, Float(bitPattern: 0x7f80_0001), Float(bitPattern: 0xffff_ffff)]
        #expect(Tensor(odd, shape: [3]).converted(to: .bfloat16).values.allSatisfy { $0.isNaN })
    }

    @Test func aMapThatIsReadAsFloatsTraps() async {
        await #expect(processExitsWith: .failure) {
            _ = Tensor(zeros: [4], dtype: .bfloat16).floats
        }
    }

    /// Output and input gradients of an operation in one format; inputs and the gradient are numbers of 16 bits.
    private func run(
        _ dtype: DType, _ shapes: [[Int]], upstream: (_ y: Tensor) -> Tensor,
        _ body: (_ inputs: [Variable], _ tape: Tape) -> Variable
    ) -> [Tensor] {
        let leaves = shapes.enumerated().map { i, shape in
            makeLeaf(numbers("bf16.x\(i)", shape, scale: 2).converted(to: .bfloat16).converted(to: .float32))
        }
        let tape = Tape(recording: true, dtype: dtype)
        let y = body(leaves.map { tape.converted(tape.input($0), to: dtype) }, tape)
        #expect(y.dtype == dtype)
        tape.backward(from: [(y, upstream(y.tensor).converted(to: .bfloat16).converted(to: dtype))])
        return [y.tensor.converted(to: .float32)] + leaves.map(\.finishedGradient)
    }

    /// No gradient reaches outputs that lie within their rounding of an activation's ends: whether they are let through is
    /// not decided.
    private func expectAlike(
        _ shapes: [[Int]], sourceLocation: SourceLocation = #_sourceLocation,
        _ body: (_ inputs: [Variable], _ tape: Tape) -> Variable
    ) {
        var dy = Tensor(zeros: [0])
        let wide = run(
            .float32, shapes,
            upstream: { y in
                dy = numbers("bf16.dy", y.shape)
                for (i, value) in y.values.enumerated() where abs(value) < 0.03 || abs(value - 6) < 0.06 {
                    dy.floats[i] = 0
                }
                return dy
            }, body)
        for (narrow, wide) in zip(run(.bfloat16, shapes, upstream: { _ in dy }, body), wide) {
            expectClose(narrow, wide, relative: Tolerance.bfloat16, sourceLocation: sourceLocation)
        }
    }

    private func affine(_ channels: Int) -> (weight: Leaf, bias: Leaf) {
        (makeLeaf(numbers("bf16.w", [channels], shift: 2)), makeLeaf(numbers("bf16.b", [channels])))
    }

    /// Channels that fill strips of 32 and that do not.
    @Test(arguments: [5, 32, 75]) func normalizations(channels: Int) {
        let map = [2, 6, 7, channels]
        for activation in [Activation.none, .relu, .relu6] {
            for adds in [false, true] {
                expectAlike(adds ? [map, map] : [map]) { inputs, tape in
                    let (weight, bias) = affine(channels)
                    return tape.batchNorm(
                        inputs[0], weight: weight, bias: bias, statistics: nil, epsilon: 1e-5,
                        addend: adds ? inputs[1] : nil, activation: activation, reduce: { _ in }
                    ).y
                }
                expectAlike(adds ? [map, map] : [map]) { inputs, tape in
                    let (weight, bias) = affine(channels)
                    return tape.scaleShift(
                        inputs[0], scale: weight.value, shift: bias.value, addend: adds ? inputs[1] : nil,
                        activation: activation)
                }
            }
        }
        expectAlike([[2, 6, 7, 4 * channels]]) { inputs, tape in
            let (weight, bias) = affine(4 * channels)
            return tape.groupNorm(
                inputs[0], weight: weight, bias: bias, groupCount: 4, epsilon: 1e-5, activation: .relu)
        }
    }

    @Test func sumsPoolingAndPyramids() {
        expectAlike([[3, 50], [3, 50]]) { $1.add($0[0], $0[1]) }
        expectAlike([[3, 50]]) { $1.relu($0[0]) }
        expectAlike([[2, 9, 11, 20]]) { $1.maxPool($0[0], kernel: 3, stride: 2, padding: 1) }
        expectAlike([[2, 8, 10, 40], [2, 4, 5, 40]]) { $1.upsampleAdd($0[0], $0[1]) }
    }

    @Test func whatHasNoKernelOf16BitsComputesIn32() {
        for dtype in [DType.bfloat16, .float32] {
            let tape = Tape(recording: true, dtype: dtype)
            let x = tape.watched(numbers("bf16.wide", [4, 8]).converted(to: dtype))
            for y in [
                tape.sigmoid(x), tape.normalizeRows(x), tape.softmax(x), tape.gatherRows(x, [3, 0, 3]),
            ] {
                #expect(y.dtype == .float32)
            }
        }
    }

    @Test func roiAlignGivesMapsBackInTheirFormat() {
        let regions = RoIAlign.Regions(
            boxes: Tensor([0, 0, 20, 30, 5, 5, 40, 44], shape: [2, 4]), images: [0, 0], levels: [0, 1])
        expectAlike([[1, 12, 12, 16], [1, 6, 6, 16]]) { inputs, tape in
            tape.roiAlign(
                inputs, strides: [4, 8], regions, RoIAlign(bins: 3, sampleCount: 2, isAligned: true))
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let inputs, outputs, kernel: Int
        var stride = 1
        var groups = 1
        var height = 14
        var testDescription: String {
            "\(kernel)x\(kernel)/\(stride) \(inputs)->\(outputs) in \(groups), \(height) rows"
        }
    }

    /// Winograd's, oneDNN's of each kind, and one of too few tiles for its channels.
    static let convolutions = [
        Case(inputs: 32, outputs: 48, kernel: 3), Case(inputs: 35, outputs: 53, kernel: 3), Case(inputs: 35, outputs: 21, kernel: 3),
        Case(inputs: 3, outputs: 16, kernel: 7, stride: 2), Case(inputs: 64, outputs: 32, kernel: 1),
        Case(inputs: 32, outputs: 32, kernel: 3, stride: 2),
        Case(inputs: 24, outputs: 24, kernel: 3, groups: 24),
        Case(inputs: 256, outputs: 36, kernel: 3, height: 3),
        Case(inputs: 512, outputs: 512, kernel: 3, height: 8),
    ]

    @Test(arguments: convolutions, [Activation.none, .relu]) func convolutionsEqualPlainOnes(
        c: Case, activation: Activation
    ) {
        let geometry = ConvolutionGeometry(stride: c.stride, padding: c.kernel / 2, groups: c.groups)
        func run(_ kernels: KernelSet) -> [Tensor] {
            kernels.run {
                let scale = 1 / Double(c.inputs / c.groups * c.kernel * c.kernel).squareRoot()
                let weight = makeLeaf(
                    numbers("bf16.cw", [c.outputs, c.inputs / c.groups, c.kernel, c.kernel], scale: scale)
                        .converted(to: .bfloat16).converted(to: .float32))
                let bias = makeLeaf(numbers("bf16.cb", [c.outputs]))
                let x = makeLeaf(numbers("bf16.cx", [2, c.height, 10, c.inputs]))
                let tape = Tape(recording: true, dtype: .bfloat16)
                let y = tape.conv2d(
                    tape.converted(tape.input(x), to: .bfloat16), weight: weight, bias: bias,
                    geometry: geometry,
                    activation: activation)
                // Where the sum is within its rounding of 0, the two may disagree whether it is let through.
                let clear = y.tensor.values.map { abs($0) > 0.02 || $0 == 0 ? Float(1) : 0 }
                let dy = numbers("bf16.cdy", y.shape)
                for i in 0..<dy.count { dy.floats[i] *= clear[i] }
                tape.backward(from: [(y, dy.converted(to: .bfloat16))])
                return [y.tensor] + [weight, bias, x].map(\.finishedGradient)
            }
        }
        for (fast, plain) in zip(run(.fast), run(.plain)) {
            expectClose(fast, plain, relative: Tolerance.bfloat16)
        }
    }

    @Test func aFrozenConvolutionAddsAndRectifiesIn16Bits() {
        for kernels in [KernelSet.fast, .plain] {
            kernels.run {
                let x = numbers("bf16.fx", [1, 12, 12, 32]).converted(to: .bfloat16)
                let addend = numbers("bf16.fa", [1, 12, 12, 64]).converted(to: .bfloat16)
                for kernel in [1, 3] {
                    let w = numbers("bf16.fw", [64, 32, kernel, kernel], scale: 0.1)
                    let wide = Convolution.forward(
                        x.converted(to: .float32), weight: w, packs: WeightPacks(),
                        geometry: ConvolutionGeometry(padding: kernel / 2), activation: .relu,
                        addend: addend.converted(to: .float32))
                    let narrow = Convolution.forward(
                        x, weight: w, packs: WeightPacks(),
                        geometry: ConvolutionGeometry(padding: kernel / 2),
                        activation: .relu, addend: addend.copied())
                    #expect(narrow.dtype == .bfloat16)
                    expectClose(narrow, wide, relative: Tolerance.bfloat16)
                }
            }
        }
    }

    @Test(arguments: [KernelSet.fast, .plain]) func products(kernels: KernelSet) {
        kernels.run {
            for (m, n, k) in [(1, 1, 1), (7, 33, 65), (128, 96, 200)] {
                for (ta, tb) in [(false, false), (true, false), (false, true)] {
                    let a = numbers("bf16.a", ta ? [k, m] : [m, k]).converted(to: .bfloat16)
                    let b = numbers("bf16.b", tb ? [n, k] : [k, n]).converted(to: .bfloat16)
                    let start = numbers("bf16.c", [m, n])
                    for beta in [Float(0), 1] {
                        let (c, expected) = (start.copied(), start.copied())
                        MatMul.product(a, b, transposeA: ta, transposeB: tb, alpha: 0.5, beta: beta, into: c)
                        MatMul.product(
                            a.converted(to: .float32), b.converted(to: .float32), transposeA: ta,
                            transposeB: tb,
                            alpha: 0.5, beta: beta, into: expected)
                        // The products are exact in 32 bits either way: only the order of sums differs.
                        expectClose(c, expected, relative: Tolerance.operation)
                    }
                }
            }
        }
    }

    @Test func linearLayersTakeAndGiveFloats() {
        func run(_ dtype: DType) -> [Tensor] {
            let x = makeLeaf(numbers("bf16.lx", [20, 48]))
            let (w, b) = (
                makeLeaf(numbers("bf16.lw", [24, 48], scale: 0.2)), makeLeaf(numbers("bf16.lb", [24]))
            )
            let tape = Tape(recording: true, dtype: dtype)
            let group = (0..<Int32(20)).map { $0 % 3 }
            let whole = tape.linear(tape.input(x), weight: w, bias: b)
            let grouped = tape.groupedLinear(tape.input(x), weight: w, bias: b, group: group, groupCount: 3)
            let part = tape.linear(tape.input(x), weight: w, bias: b, part: 4..<12)
            tape.backward(from: [whole, grouped, part].map { ($0, numbers("bf16.ldy", $0.shape)) })
            return [whole.tensor, grouped.tensor, part.tensor] + [x, w, b].map(\.finishedGradient)
        }
        for (narrow, wide) in zip(run(.bfloat16), run(.float32)) {
            #expect(narrow.dtype == .float32)
            expectClose(narrow, wide, relative: Tolerance.bfloat16)
        }
    }
}
