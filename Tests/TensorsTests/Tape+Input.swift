@testable import Tensors

/// A leaf whose gradient the test reads. It starts as NaN: what is not written, or added to instead, shows.
func makeLeaf(_ tensor: Tensor) -> Leaf {
    let leaf = Leaf(tensor)
    leaf.gradient = Tensor(repeating: .nan, shape: tensor.shape)
    return leaf
}

extension Leaf {
    /// The gradient after a backward pass; zeros if nothing reached it.
    var finishedGradient: Tensor {
        finishAccumulation()
        return gradient ?? Tensor(repeating: .nan, shape: value.shape)
    }
}

extension Tape {
    /// A leaf itself as a variable, so that a test can read the gradient of an operation's input.
    func input(_ leaf: Leaf) -> Variable {
        record(leaf.value, inputs: [], leaves: [leaf]) { dy, _ in
            leaf.withGradient { gradient, accumulate in
                if accumulate { Elementwise.add(dy, to: gradient) } else { gradient.assign(from: dy) }
            }
        }
    }
}
