internal import ArgumentParser
internal import NN
internal import Tensors

/// What lies between convolutions: bounded by memory, so measured in bytes.
struct OperationBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ops", abstract: "Norms, element-wise sweeps, pooling, regions, losses and optimizers.",
        discussion:
            "`bytes` is the least traffic the operation can do with, each array as often as it must be touched."
    )

    @OptionGroup var arguments: BenchArguments
    @OptionGroup var filter: CaseFilter

    func run() throws {
        arguments.apply()
        for operation in try filter.select(Self.operations, name: \.name) {
            let measurement = operation.measure(arguments.iters)
            var line = BenchLine(case: "ops \(operation.name)")
            line.add(measurement)
            if let bytes = operation.byteCount { line.add(bytes: bytes, measurement: measurement) }
            line.finish()
        }
    }

    /// One operation on maps or arrays of its own.
    struct Operation {
        let name: String
        /// nil where arithmetic is what costs.
        let byteCount: Int?
        let measure: (_ iterations: Int) -> Measurement
    }

    /// C2 of ResNet-50 for two 480x640 photographs: far larger than any cache.
    private static let map = [2, 120, 160, 256]
    private static let mapCount = map.reduce(1, *)

    static func filled(_ shape: [Int]) -> Tensor {
        let tensor = Tensor(uninitialized: shape)
        for i in 0..<tensor.count { tensor.floats[i] = Float(i % 17) / 8 - 1 }
        return tensor
    }

    /// An operation on a tape; its backward is timed apart from its forward.
    static func taped(
        _ name: String, _ dtype: DType = .float32, forwardBytes: Int?, backwardBytes: Int?, inputs: [[Int]],
        _ run: @escaping (_ inputs: [Variable], _ tape: Tape) -> Variable
    ) -> [Operation] {
        func begin() -> (tape: Tape, inputs: [Variable]) {
            let tape = Tape(recording: true)
            return (tape, inputs.map { tape.watched(filled($0).converted(to: dtype)) })
        }
        func forward() -> (Tape, Variable, Tensor) {
            let (tape, inputs) = begin()
            let output = run(inputs, tape)
            return (tape, output, filled(output.shape).converted(to: output.dtype))
        }
        return [
            Operation(name: "\(name) forward", byteCount: forwardBytes) { iterations in
                Measurement.of(iterations: iterations, prepare: begin) { _ = run($0.inputs, $0.tape) }
            },
            Operation(name: "\(name) backward", byteCount: backwardBytes) { iterations in
                Measurement.of(iterations: iterations, prepare: forward) { tape, output, gradient in
                    tape.backward(from: [(output, gradient)])
                }
            },
        ]
    }

    static var operations: [Operation] { mapped(.float32) + mapped(.bfloat16) + regions + losses + sweeps }

    /// Operations on maps of one format.
    private static func mapped(_ dtype: DType) -> [Operation] {
        let channels = map[3]
        let (weight, bias) = (Leaf(filled([channels])), Leaf(filled([channels])))
        weight.gradient = Tensor(zeros: [channels])
        bias.gradient = Tensor(zeros: [channels])
        let coarse = [map[0], map[1] / 2, map[2] / 2, map[3]]
        let bytes = dtype.byteCount * map.reduce(1, *)
        let suffix = dtype == .float32 ? "" : " \(dtype.rawValue)"
        func norm(_ x: Variable, _ addend: Variable?, _ tape: Tape) -> Variable {
            tape.batchNorm(
                x, weight: weight, bias: bias, statistics: nil, epsilon: 1e-5, addend: addend,
                activation: .relu,
                reduce: { _ in }
            ).y
        }
        return taped(
            "batch-norm-relu" + suffix, dtype, forwardBytes: 3 * bytes, backwardBytes: 7 * bytes,
            inputs: [map]
        ) { norm($0[0], nil, $1) }
            + taped(
                "batch-norm-add-relu" + suffix, dtype, forwardBytes: 4 * bytes, backwardBytes: 8 * bytes,
                inputs: [map, map]
            ) { norm($0[0], $0[1], $1) }
            + taped("relu" + suffix, dtype, forwardBytes: 2 * bytes, backwardBytes: 3 * bytes, inputs: [map])
        {
            $1.relu($0[0])
        }
            + taped(
                "upsample-add" + suffix, dtype, forwardBytes: 9 * bytes / 4, backwardBytes: 5 * bytes / 4,
                inputs: [map, coarse]
            ) { $1.upsampleAdd($0[0], $0[1]) }
            + taped(
                "max-pool 3x3/2" + suffix, dtype, forwardBytes: 5 * bytes / 4 + mapCount / 4,
                backwardBytes: 5 * bytes / 4 + mapCount / 4, inputs: [map]
            ) { $1.maxPool($0[0], kernel: 3, stride: 2, padding: 1) }
    }

    private static var losses: [Operation] {
        [
            Operation(name: "focal-loss", byteCount: 2 * 4 * 86_400 * 80) { iterations in
                // P3 of two 480x640 photographs: nine anchors a cell, 80 classes.
                let logits = filled([2 * 60 * 80 * 9, 80])
                let gradient = Tensor(uninitialized: logits.shape)
                let labels = (0..<Int32(logits.rowCount)).map { $0 % 50 == 0 ? $0 % 80 : 80 }
                return Measurement.of(iterations: iterations, prepare: {}) {
                    _ = FocalLoss().sum(logits, labels: labels, gradient: gradient)
                }
            },
            Operation(name: "contrastive-loss", byteCount: nil) { iterations in
                let labels = (0..<Int32(4096)).map { $0 % 2 == 0 ? ($0 / 2) % 100 : -1 }
                let (queries, keys) = (filled([4096, 256]), filled([4096, 256]))
                return Measurement.of(iterations: iterations, prepare: { Tape(recording: true) }) { tape in
                    _ = ContrastiveLoss(temperature: 0.5)(
                        queries: tape.watched(queries), queryLabels: labels, keys: keys, keyLabels: labels,
                        background: -1, tape: tape)
                }
            },
        ]
    }

    private static let sweepCount = 16 << 20

    /// A parameter arena of one large parameter.
    private static func arena() -> ParameterArena {
        let parameter = Parameter([sweepCount], .constant(0.5))
        let arena = ParameterArena([("weight", parameter)])
        arena.gradients.floats.update(repeating: 0.125, count: sweepCount)
        return arena
    }

    private static var sweeps: [Operation] {
        [
            Operation(name: "sgd", byteCount: 5 * 4 * sweepCount) { iterations in
                let optimizer = SGD(arena(), momentum: 0.9, weightDecay: 1e-4)
                return Measurement.of(iterations: iterations, prepare: {}) {
                    optimizer.step(rate: 1e-3, gradientScale: 1)
                }
            },
            Operation(name: "adamw", byteCount: 7 * 4 * sweepCount) { iterations in
                let optimizer = AdamW(arena(), betas: (0.9, 0.999), epsilon: 1e-8, weightDecay: 1e-4)
                return Measurement.of(iterations: iterations, prepare: {}) {
                    optimizer.step(rate: 1e-3, gradientScale: 1)
                }
            },
            Operation(name: "moving-average", byteCount: 3 * 4 * sweepCount) { iterations in
                let (online, target) = (filled([sweepCount]), filled([sweepCount]))
                return Measurement.of(iterations: iterations, prepare: {}) {
                    Elementwise.exponentialAverage(online, into: target, momentum: 0.996)
                }
            },
            Operation(name: "gradient-norm", byteCount: 4 * sweepCount) { iterations in
                let gradient = filled([sweepCount])
                return Measurement.of(iterations: iterations, prepare: {}) {
                    _ = Elementwise.sumOfSquares(gradient)
                }
            },
        ]
    }
}
