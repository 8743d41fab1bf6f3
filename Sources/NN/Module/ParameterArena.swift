package import Tensors

/// The trained parameters of a run in one flat array, and their gradients in another.
///
/// A bucket of the all-reduce, the optimizer's sweep, the moving average and the norm for clipping are slices of these
/// two arrays: no copies, no loops over hundreds of small tensors.
package final class ParameterArena {
    package struct Entry {
        package let path: String
        package let parameter: Parameter
        /// Floats from the start of the arena.
        package let offset: Int
        package var count: Int { parameter.value.count }
    }

    package let entries: [Entry]
    /// [size] values, in visiting order; each parameter starts on a 64-byte boundary, gaps are 0.
    package let values: Tensor
    /// [size] gradients in the same places; empty where nothing is trained.
    package private(set) var gradients: Tensor

    /// Moves the given parameters into the arena and, with `trained`, gives them gradients.
    package init(_ parameters: [(path: String, parameter: Parameter)], trained: Bool = true) {
        var offset = 0
        var entries: [Entry] = []
        for (path, parameter) in parameters {
            entries.append(Entry(path: path, parameter: parameter, offset: offset))
            offset += (parameter.value.count + 15) / 16 * 16
        }
        self.entries = entries
        values = Tensor(zeros: [offset])
        gradients = Tensor(zeros: [trained ? offset : 0])
        for entry in entries {
            let shape = entry.parameter.shape
            entry.parameter.leaf.rehome(to: values.window(at: entry.offset, shape: shape))
            if trained { entry.parameter.leaf.gradient = gradients.window(at: entry.offset, shape: shape) }
        }
    }

    /// Lets gradients lie in other memory from now on; `memory` has room for as many and outlives the arena's use.
    package func moveGradients(to memory: UnsafeMutableBufferPointer<Float>) {
        precondition(
            memory.count == gradients.count, "\(gradients.count) gradients in room for \(memory.count)")
        let moved = Tensor(borrowing: memory)
        moved.assign(from: gradients)
        gradients = moved
        for entry in entries {
            entry.parameter.leaf.gradient = moved.window(at: entry.offset, shape: entry.parameter.shape)
        }
    }

    package var count: Int { values.count }

    /// The next backward pass overwrites gradients instead of adding.
    package func beginAccumulation() { for entry in entries { entry.parameter.leaf.beginAccumulation() } }

    /// Zeroes the gradients no operation wrote.
    package func finishAccumulation() { for entry in entries { entry.parameter.leaf.finishAccumulation() } }

    /// To be called after an optimizer or a load changed `values`.
    package func didChange() { for entry in entries { entry.parameter.leaf.didChange() } }
}
