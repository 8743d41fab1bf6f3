internal import CKernels

/// A tensor inside a computation: its value, and its place on the tape if a gradient flows to it.
package struct Variable {
    package let tensor: Tensor
    /// Position of its gradient on the tape; nil for constants.
    let slot: Int?

    /// A constant: no gradient flows to it.
    package init(constant tensor: Tensor) {
        self.tensor = tensor
        slot = nil
    }

    init(tensor: Tensor, slot: Int) {
        self.tensor = tensor
        self.slot = slot
    }

    package var shape: [Int] { tensor.shape }
    package var dtype: DType { tensor.dtype }
    package var needsGradient: Bool { slot != nil }

    package func reshaped(_ shape: [Int]) -> Variable {
        slot.map { Variable(tensor: tensor.reshaped(shape), slot: $0) }
            ?? Variable(constant: tensor.reshaped(shape))
    }

    /// The matrix `[rowCount, channelCount]`.
    package var rows: Variable { reshaped([tensor.rowCount, tensor.channelCount]) }

    /// The same value, cut off from its history.
    package var detached: Variable { Variable(constant: tensor) }
}

/// Stages of a forward pass that a training step times apart; what comes after the last is the losses.
package enum ForwardStage: String, Sendable {
    case backbone
    /// Neck and head.
    case forward
}

/// Records operations as they run and runs their hand-written backwards in reverse.
///
/// Each operation's saved tensors are released as soon as its backward has run. A tape that does not record costs
/// nothing: results are constants and nothing is saved. Use one tape per forward and backward pass.
package final class Tape {
    /// What an operation does with the gradient of its output. It may overwrite that gradient if it owns it alone.
    typealias Backward = (_ gradient: inout Tensor, _ tape: Tape) -> Void

    /// An output that ends in an activation, by which its gradient is masked before the operation's backward sees it.
    struct Rectified {
        let output: Tensor
        let activation: Activation

        /// Nil where there is no activation.
        init?(_ output: Tensor, _ activation: Activation) {
            guard activation != .none else { return nil }
            (self.output, self.activation) = (output, activation)
        }
    }

    private struct Node {
        let slot: Int
        let leaves: [Leaf]
        let rectified: Rectified?
        var backward: Backward?
    }

    package let isRecording: Bool
    /// The format in which images enter a network, and with them all of its maps: bfloat16 is mixed precision.
    package let dtype: DType
    /// Whether this tape runs a part of another's forward pass for a second time: statistics are measured as before, but
    /// running ones have been moved already.
    package let isRepeat: Bool
    private var nodes: [Node] = []
    private var gradients: [Tensor?] = []
    /// A second part of some gradients, not yet added: adding and masking are one sweep.
    private var secondParts: [Int: Tensor] = [:]
    /// Shape and format of each gradient: its variable's.
    private var kinds: [(shape: [Int], dtype: DType)] = []
    /// Told of each parameter whose last gradient of this pass has been written, in an order fixed by the model.
    package var onGradientReady: ((Leaf) -> Void)?
    /// Told of each stage of the forward pass as it ends, for whoever measures times.
    package var onLap: ((ForwardStage) -> Void)?

    package init(recording: Bool, dtype: DType = .float32) {
        (isRecording, self.dtype, isRepeat) = (recording, dtype, false)
    }

    private init(repeating tape: Tape) { (isRecording, dtype, isRepeat) = (true, tape.dtype, true) }

    /// A tape of the same format that does not record.
    package var silent: Tape { Tape(recording: false, dtype: dtype) }

    /// Says that a stage of the forward pass has ended.
    package func lap(_ stage: ForwardStage) { onLap?(stage) }

    /// A variable whose gradient is worked out although no parameter stands behind it.
    package func watched(_ tensor: Tensor) -> Variable {
        let slot = gradients.count
        gradients.append(nil)
        kinds.append((tensor.shape, tensor.dtype))
        return Variable(tensor: tensor, slot: slot)
    }

    /// Enters the result of an operation. Records only if a gradient can reach an input or a leaf.
    func record(
        _ output: Tensor, inputs: [Variable], leaves: [Leaf] = [], rectified: Rectified? = nil,
        backward: @escaping Backward
    ) -> Variable {
        let trained = leaves.filter(\.requiresGradient)
        guard isRecording, !trained.isEmpty || inputs.contains(where: \.needsGradient) else {
            return Variable(constant: output)
        }
        for leaf in trained { leaf.pendingUseCount += 1 }
        let slot = gradients.count
        gradients.append(nil)
        kinds.append((output.shape, output.dtype))
        nodes.append(Node(slot: slot, leaves: trained, rectified: rectified, backward: backward))
        return Variable(tensor: output, slot: slot)
    }

    /// Adds to the gradient of an input; no-op for constants.
    func add(_ gradient: @autoclosure () -> Tensor, to variable: Variable) {
        guard let slot = variable.slot else { return }
        let incoming = gradient()
        let kind = kinds[slot]
        precondition(
            incoming.dtype == kind.dtype, "a \(incoming.dtype) gradient for a \(kind.dtype) \(kind.shape)")
        if gradients[slot] == nil {
            gradients[slot] = incoming.reshaped(kind.shape)
        } else {
            if secondParts[slot] != nil { gradients[slot] = takeGradient(slot, masking: nil) }
            secondParts[slot] = incoming.reshaped(kind.shape)
        }
    }

    /// The gradient of a slot, all of its parts added up, and masked where its output ends in an activation.
    private func takeGradient(_ slot: Int, masking rectified: Rectified?) -> Tensor? {
        guard var first = gradients[slot] else { return nil }
        gradients[slot] = nil
        let second = secondParts.removeValue(forKey: slot)
        guard second != nil || rectified != nil else { return first }
        let out = first.reusable()
        let (type, count) = (first.dtype.code, Int64(first.count))
        switch (second, rectified) {
        case (let second?, let rectified?):
            ck_add_masked(
                type, count, rectified.activation.ceiling, rectified.output.raw, first.raw, second.raw,
                out.raw)
        case (let second?, nil): Elementwise.sum(first, second, into: out)
        case (nil, let rectified?):
            ck_relu_backward(
                type, count, rectified.activation.ceiling, rectified.output.raw, first.raw, out.raw)
        case (nil, nil): break
        }
        return out
    }

    /// body(x), of which nothing is saved but x: backward runs it a second time. A third more time for that part of the
    /// network, and memory for one body at a time instead of all of them.
    /// - body: gives the same both times.
    /// - Source: Chen et al. 2016, "Training deep nets with sublinear memory cost".
    package func recomputed(_ x: Variable, _ body: @escaping (_ x: Variable, _ tape: Tape) -> Variable)
        -> Variable
    {
        guard isRecording else { return body(x, self) }
        let trial = Tape(recording: true, dtype: dtype)
        let y = body(trial.entrance(x, from: self), trial).tensor
        return record(y, inputs: [x], leaves: trial.forgetOperations()) { dy, tape in
            let again = Tape(repeating: tape)
            again.backward(from: [(body(again.entrance(x, from: tape), again), dy)])
        }
    }

    /// A variable of another tape on this one; its gradient goes back to the other.
    private func entrance(_ x: Variable, from outer: Tape) -> Variable {
        guard x.needsGradient else { return x }
        return record(x.tensor, inputs: [watched(x.tensor)]) { dy, _ in outer.add(dy, to: x) }
    }

    /// Drops what was recorded.
    /// - Returns: the parameters that it trains, each once.
    private func forgetOperations() -> [Leaf] {
        let uses = nodes.flatMap(\.leaves)
        for leaf in uses { leaf.pendingUseCount -= 1 }
        nodes.removeAll()
        var known: Set<ObjectIdentifier> = []
        return uses.filter { known.insert(ObjectIdentifier($0)).inserted }
    }

    /// Runs every backward in reverse, from the given scalars times their factors.
    package func backward(_ seeds: [(variable: Variable, factor: Float)]) {
        for (variable, factor) in seeds {
            add(Tensor(repeating: factor, shape: variable.shape).converted(to: variable.dtype), to: variable)
        }
        sweep()
    }

    /// Runs every backward in reverse, from the given output gradients.
    package func backward(from seeds: [(variable: Variable, gradient: Tensor)]) {
        for (variable, gradient) in seeds {
            precondition(
                gradient.count == variable.tensor.count, "gradient \(gradient.shape) for \(variable.shape)")
            add(gradient, to: variable)
        }
        sweep()
    }

    private func sweep() {
        for i in nodes.indices.reversed() {
            let node = nodes[i]
            nodes[i].backward = nil
            if let run = node.backward, var gradient = takeGradient(node.slot, masking: node.rectified) {
                run(&gradient, self)
            }
            for leaf in node.leaves {
                leaf.pendingUseCount -= 1
                guard leaf.pendingUseCount == 0 else { continue }
                leaf.finishUses()
                onGradientReady?(leaf)
            }
        }
        nodes.removeAll()
        gradients.removeAll()
        secondParts.removeAll()
    }
}

extension Tensor {
    /// A tensor of this shape that may be written: this one if nobody else reads it, else a fresh one.
    mutating func reusable() -> Tensor { isUnshared() ? self : Tensor(uninitialized: shape, dtype: dtype) }
}
