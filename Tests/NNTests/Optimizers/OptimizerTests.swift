import NN
import Tensors
import TestSupport
import Testing

@Suite(.serialized) struct OptimizerTests {
    /// One parameter of the golden file's seven numbers in an arena.
    private func arena(_ start: [Float]) -> ParameterArena {
        let parameter = Parameter([start.count], .zeros)
        parameter.assign(Tensor(start, shape: [start.count]))
        return ParameterArena([("p", parameter)])
    }

    /// Five steps of golden gradients; parameters and slots after each must be PyTorch's.
    private func follow(
        _ name: String, slots: [(ours: String, theirs: String)], make: (ParameterArena) -> any Optimizer,
        rate: Float
    ) throws {
        let golden = try GoldenTensors("ops/optimizer.safetensors")
        let history = try golden.tensor("\(name).parameters")
        let gradients = try golden.tensor("optimizer.gradients")
        let arena = arena(history.prefix(0..<1).values)
        let optimizer = make(arena)
        for step in 0..<5 {
            arena.entries[0].parameter.leaf.gradient?.assign(from: gradients.prefix(step..<(step + 1)))
            optimizer.step(rate: rate, gradientScale: 1)
            expectClose(
                arena.entries[0].parameter.value.values, history.prefix((step + 1)..<(step + 2)).values,
                relative: Tolerance.operation, "\(name) step \(step)")
            for (ours, theirs) in slots {
                let slot = try #require(optimizer.slots.first { $0.name == ours }).tensor
                expectClose(
                    slot.prefix(0..<7).values,
                    try golden.tensor("\(name).\(theirs)").prefix(step..<(step + 1)).values,
                    relative: Tolerance.operation, "\(ours) step \(step)")
            }
        }
        #expect(optimizer.stepCount == 5)
        #expect(optimizer.slots.count == slots.count)
        #expect(optimizer.slots.allSatisfy { $0.tensor.count == arena.count })
    }

    @Test func sgdFollowsPyTorch() throws {
        try follow(
            "sgd", slots: [("velocity", "momentum_buffer")],
            make: { SGD($0, momentum: 0.9, weightDecay: 1e-4) }, rate: 0.1)
    }

    @Test func adamWFollowsPyTorch() throws {
        try follow(
            "adamw", slots: [("first_moment", "exp_avg"), ("second_moment", "exp_avg_sq")],
            make: { AdamW($0, betas: (0.9, 0.999), epsilon: 1e-8, weightDecay: 0.05) }, rate: 0.01)
    }

    @Test(arguments: ["clip", "clip_inactive"])
    func clippingMeasuresTheGlobalNorm(name: String) throws {
        let golden = try GoldenTensors("ops/optimizer.safetensors")
        let parts = ["a", "b", "c"]
        let parameters = try parts.map { ("\($0)", Parameter(try golden.shape("\(name).\($0)"), .zeros)) }
        let arena = ParameterArena(parameters)
        for (part, parameter) in parameters {
            parameter.leaf.gradient?.assign(from: try golden.tensor("\(name).\(part)"))
        }
        let limit: Float = name == "clip" ? 0.1 : 35
        let (norm, scale) = GradientClipping(maximumNorm: limit).measure(arena)
        expectClose(Double(norm), try golden.scalar("\(name).norm"), relative: Tolerance.operation)
        for (part, parameter) in parameters {
            let clipped = (parameter.leaf.gradient?.values ?? []).map { $0 * scale }
            expectClose(clipped, try golden.floats("\(name).clipped_\(part)"), relative: Tolerance.operation)
        }
        // Scaled inside the sweep: with rate 1 and no momentum a step subtracts the clipped gradient.
        SGD(arena, momentum: 0, weightDecay: 0).step(rate: 1, gradientScale: scale)
        for (part, parameter) in parameters {
            let clipped = try golden.floats("\(name).clipped_\(part)")
            expectClose(parameter.value.values, clipped.map { -$0 }, relative: Tolerance.operation)
        }
        #expect(GradientClipping(maximumNorm: nil).measure(arena).scale == 1)
    }

    /// Rules by path: the longest that matches decides; a parameter without one keeps the base rate.
    @Test func rulesScaleRateAndDecayOfTheirParametersAlone() {
        let names = ["backbone.conv", "backbone.norm", "head.conv"]
        let parameters = names.map { ($0, Parameter([20], .zeros)) }
        for (_, parameter) in parameters { parameter.assign(Tensor(repeating: 1, shape: [20])) }
        let arena = ParameterArena(parameters)
        for (_, parameter) in parameters {
            parameter.leaf.gradient?.assign(from: Tensor(repeating: 1, shape: [20]))
        }
        let rules = [
            ParameterRule(match: "backbone.norm", rateFactor: 1, decayFactor: 0),
            ParameterRule(match: "backbone", rateFactor: 0.5, decayFactor: 1),
        ]
        SGD(arena, momentum: 0.9, weightDecay: 0.25, rules: rules).step(rate: 0.5, gradientScale: 1)
        let expected: [Float] = [1 - 0.25 * 1.25, 1 - 0.5, 1 - 0.5 * 1.25]
        for ((_, parameter), value) in zip(parameters, expected) {
            #expect(parameter.value.values == [Float](repeating: value, count: 20))
        }
    }

    @Test func updatesDoNotDependOnThreads() {
        func run(_ make: (ParameterArena) -> any Optimizer) -> [Float] {
            let arena = arena(GoldenWeights.values("sweep.p", count: 40_000))
            arena.gradients.assign(
                from: Tensor(GoldenWeights.values("sweep.g", count: arena.count), shape: [arena.count]))
            let optimizer = make(arena)
            for _ in 0..<2 { optimizer.step(rate: 0.1, gradientScale: 0.5) }
            return arena.values.values + optimizer.slots.flatMap(\.tensor.values)
        }
        let makers: [(ParameterArena) -> any Optimizer] = [
            { SGD($0, momentum: 0.9, weightDecay: 1e-4) },
            { AdamW($0, betas: (0.9, 0.999), epsilon: 1e-8, weightDecay: 0.05) },
        ]
        for make in makers {
            #expect(ThreadBudget.with(1) { run(make) } == ThreadBudget.with(2) { run(make) })
        }
    }
}
