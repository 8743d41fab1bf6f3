package import Tensors

/// A trained tensor of a module: its values, how they start, and its place on the tape.
///
/// Files keep weights in the field's order (convolutions OIHW, linear [O, I]).
package final class Parameter {
    package let leaf: Leaf
    package let initializer: Initializer
    /// False where its layer treats it as a constant, such as a frozen norm: no optimizer may see it.
    package let isTrainable: Bool

    package init(_ shape: [Int], _ initializer: Initializer, isTrainable: Bool = true) {
        leaf = Leaf(Tensor(zeros: shape))
        self.initializer = initializer
        self.isTrainable = isTrainable
    }

    package var value: Tensor { leaf.value }
    package var shape: [Int] { leaf.value.shape }

    /// Overwrites the values.
    package func assign(_ values: Tensor) {
        leaf.value.assign(from: values)
        leaf.didChange()
    }
}

/// Numbers a module keeps for itself and updates outside of training's gradients: running statistics.
package final class RunningBuffer {
    package private(set) var value: Tensor

    package init(repeating number: Float, count: Int) { value = Tensor(repeating: number, shape: [count]) }

    package func assign(_ values: Tensor) { value.assign(from: values) }

    package var values: [Float] { value.values }

    /// Moves a fraction `momentum` towards `target`.
    package func move(towards target: [Double], momentum: Float) {
        for c in target.indices { value.floats[c] += momentum * (Float(target[c]) - value.floats[c]) }
    }
}
