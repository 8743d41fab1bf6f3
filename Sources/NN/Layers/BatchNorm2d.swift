package import Tensors

/// What a batch norm does in training.
package enum NormMode: Sendable, Equatable {
    /// A fixed affine map of the stored statistics; weight and bias are not trained.
    case frozen
    /// Stored statistics, but weight and bias are trained (mmdetection's `norm_eval`).
    case evaluation
    /// Statistics of this process's rows.
    case batch
    /// Statistics of all ranks' rows (SyncBN).
    case sync
}

/// y = (x - mean) / sqrt(variance + epsilon) weight + bias per channel.
/// - weight, bias, running_mean, running_var: [C].
/// - Source: as PyTorch: the running variance is the unbiased one, momentum 0.1.
package final class BatchNorm2d: Module {
    package let weight: Parameter
    package let bias: Parameter
    package let runningMean: RunningBuffer
    package let runningVariance: RunningBuffer
    package let mode: NormMode
    package let epsilon: Float
    private let momentum: Float
    private let reducer: any StatisticsReducer

    package init(
        _ channels: Int, mode: NormMode, reducer: any StatisticsReducer = LocalStatistics(),
        epsilon: Float = 1e-5,
        momentum: Float = 0.1, weightValue: Float = 1
    ) {
        weight = Parameter([channels], .constant(weightValue), isTrainable: mode != .frozen)
        bias = Parameter([channels], .zeros, isTrainable: mode != .frozen)
        runningMean = RunningBuffer(repeating: 0, count: channels)
        runningVariance = RunningBuffer(repeating: 1, count: channels)
        self.mode = mode
        self.epsilon = epsilon
        self.momentum = momentum
        self.reducer = mode == .sync ? reducer : LocalStatistics()
    }

    /// Statistics are measured only while the tape records; the running ones move with them, once per pass.
    /// - addend: added before the activation: a residual block's shortcut.
    package func callAsFunction(
        _ x: Variable, _ tape: Tape, addend: Variable? = nil, activation: Activation = .none
    ) -> Variable {
        if mode == .frozen {
            let (scale, shift) = affine
            return tape.scaleShift(x, scale: scale, shift: shift, addend: addend, activation: activation)
        }
        let measures = (mode == .batch || mode == .sync) && tape.isRecording
        let result = tape.batchNorm(
            x, weight: weight.leaf, bias: bias.leaf,
            statistics: measures ? nil : (runningMean.values, runningVariance.values), epsilon: epsilon,
            addend: addend, activation: activation, reduce: { [reducer] in reducer.reduce(&$0) })
        if measures, !tape.isRepeat {
            let unbiased = result.rowCount > 1 ? result.rowCount / (result.rowCount - 1) : 1
            runningMean.move(towards: result.mean, momentum: momentum)
            runningVariance.move(towards: result.variance.map { $0 * unbiased }, momentum: momentum)
        }
        return result.y
    }

    /// scale and shift of the stored statistics: y = x scale + shift.
    package var affine: (scale: Tensor, shift: Tensor) {
        let count = weight.shape[0]
        let (scale, shift) = (Tensor(uninitialized: [count]), Tensor(uninitialized: [count]))
        for c in 0..<count {
            let s = weight.value.floats[c] / (runningVariance.value.floats[c] + epsilon).squareRoot()
            scale.floats[c] = s
            shift.floats[c] = bias.value.floats[c] - runningMean.value.floats[c] * s
        }
        return (scale, shift)
    }

    package func visit(_ visitor: inout ParameterVisitor) {
        visitor.visit("weight", weight)
        visitor.visit("bias", bias)
        visitor.visit("running_mean", runningMean)
        visitor.visit("running_var", runningVariance)
    }
}
