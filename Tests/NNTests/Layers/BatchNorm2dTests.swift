import NN
import Tensors
import TestSupport
import Testing

@Suite struct BatchNorm2dTests {
    private func layer(_ golden: GoldenTensors, _ name: String, _ mode: NormMode) throws -> BatchNorm2d {
        let layer = BatchNorm2d(try golden.shape("\(name).weight")[0], mode: mode)
        layer.weight.assign(try golden.tensor("\(name).weight"))
        layer.bias.assign(try golden.tensor("\(name).bias"))
        layer.runningMean.assign(try golden.tensor("\(name).running_mean"))
        layer.runningVariance.assign(try golden.tensor("\(name).running_var"))
        return layer
    }

    @Test(arguments: ["batchnorm_train", "batchnorm_train_wide"])
    func trainingMovesTheRunningStatisticsAsPyTorch(name: String) throws {
        let golden = try GoldenTensors("ops/normalization.safetensors")
        let layer = try layer(golden, name, .batch)
        let y = layer(Variable(constant: try golden.tensor("\(name).input")), Tape(recording: true))
        expectClose(y.tensor, try golden.tensor("\(name).output"), relative: Tolerance.operation)
        expectClose(
            layer.runningMean.values, try golden.floats("\(name).new_running_mean"),
            relative: Tolerance.operation)
        expectClose(
            layer.runningVariance.values, try golden.floats("\(name).new_running_var"),
            relative: Tolerance.operation)
    }

    @Test(arguments: [NormMode.frozen, .evaluation, .batch])
    func storedStatisticsServeWhereNothingIsMeasured(mode: NormMode) throws {
        let golden = try GoldenTensors("ops/normalization.safetensors")
        let layer = try layer(golden, "batchnorm_eval", mode)
        let before = layer.runningMean.values
        // A batch norm in training measures only while the tape records.
        let tape = Tape(recording: mode != .batch)
        let y = layer(Variable(constant: try golden.tensor("batchnorm_eval.input")), tape)
        expectClose(y.tensor, try golden.tensor("batchnorm_eval.output"), relative: Tolerance.operation)
        #expect(layer.runningMean.values == before)
    }

    @Test func onlySynchronizedNormsAskTheReducer() {
        final class Counter: StatisticsReducer {
            var callCount = 0
            func reduce(_ values: inout [Double]) { callCount += 1 }
        }
        for (mode, calls) in [(NormMode.sync, 2), (.batch, 0), (.evaluation, 0), (.frozen, 0)] {
            let counter = Counter()
            let layer = BatchNorm2d(3, mode: mode, reducer: counter)
            let arena = ParameterArena(layer.namedParameters)
            arena.beginAccumulation()
            let tape = Tape(recording: true)
            let y = layer(Variable(constant: Tensor(repeating: 1, shape: [1, 2, 2, 3])), tape)
            if y.needsGradient { tape.backward(from: [(y, Tensor(repeating: 1, shape: y.shape))]) }
            #expect(counter.callCount == calls, "\(mode)")
        }
    }

    @Test func aFrozenNormIsNotTrained() {
        let layer = BatchNorm2d(3, mode: .frozen)
        let arena = ParameterArena(layer.namedParameters)
        let y = layer(Variable(constant: Tensor(repeating: 1, shape: [2, 3])), Tape(recording: true))
        #expect(!y.needsGradient)
        arena.finishAccumulation()
        #expect(arena.gradients.values.allSatisfy { $0 == 0 })
    }

    @Test func anEvaluationNormTrainsItsWeightAndBias() throws {
        let golden = try GoldenTensors("ops/normalization.safetensors")
        let layer = try layer(golden, "batchnorm_eval", .evaluation)
        let arena = ParameterArena(layer.namedParameters)
        arena.beginAccumulation()
        let tape = Tape(recording: true)
        let y = layer(Variable(constant: try golden.tensor("batchnorm_eval.input")), tape)
        tape.backward(from: [(y, try golden.tensor("batchnorm_eval.grad_output"))])
        for (parameter, what) in [(layer.weight, "grad_weight"), (layer.bias, "grad_bias")] {
            let gradient = try #require(parameter.leaf.gradient)
            expectClose(
                gradient.values, try golden.floats("batchnorm_eval.\(what)"), relative: Tolerance.operation,
                what)
        }
    }
}
