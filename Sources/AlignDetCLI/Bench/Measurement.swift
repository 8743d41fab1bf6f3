internal import Tensors

/// Times of one case, with the machine's rate of arithmetic around it.
struct Measurement {
    let seconds: [Double]
    /// Of one repetition, as counted where they were dispatched.
    let flops: Int
    let matMulRate: Double

    /// Runs a case once to warm up, then times it.
    /// - prepare: makes what a repetition works on, outside the time.
    /// - warmUps: untimed repetitions.
    /// - willBegin: called between the warm-up and the timed repetitions.
    static func of<Input>(
        iterations: Int, warmUps: Int = 2, prepare: () throws -> Input, willBegin: () -> Void = {},
        body: (Input) throws -> Void
    ) rethrows -> Measurement {
        let rate = MatMulRate()
        for _ in 0..<warmUps { try body(try prepare()) }
        var best = rate.measure()
        willBegin()
        var seconds: [Double] = []
        var flops: [Int] = []
        for _ in 0..<iterations {
            let input = try prepare()
            let counted = KernelCounters.flopCount
            let start = ContinuousClock.now
            try body(input)
            seconds.append((ContinuousClock.now - start) / .seconds(1))
            flops.append(KernelCounters.flopCount - counted)
        }
        best = max(best, rate.measure())
        return Measurement(seconds: seconds, flops: flops.sorted()[flops.count / 2], matMulRate: best)
    }

    var median: Double { Self.median(seconds) }

    /// The middle of an odd number of values, the mean of the middle two of an even one.
    static func median(_ values: [Double]) -> Double {
        guard !values.isEmpty else { return 0 }
        let sorted = values.sorted()
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
}

/// The rate of a large matrix product: what arithmetic costs at best.
struct MatMulRate {
    /// 1024 cubed is past the sizes at which oneDNN's rate still grows, and takes milliseconds.
    private static let side = 1024
    private static let repetitions = 8
    private let a = Tensor(repeating: 0.5, shape: [side, side])
    private let b = Tensor(repeating: 0.25, shape: [side, side])
    private let c = Tensor(uninitialized: [side, side])

    /// Floating-point operations per second, best of several.
    func measure() -> Double {
        let flops = 2 * Double(Self.side) * Double(Self.side) * Double(Self.side)
        let times = (0..<Self.repetitions).map { _ in
            let start = ContinuousClock.now
            MatMul.product(a, b, beta: 0, into: c)
            return (ContinuousClock.now - start) / .seconds(1)
        }
        return flops / (times.min() ?? .infinity)
    }
}
