package import Detection
package import NN
package import Tensors

extension ParameterArena {
    /// Fills the gradients with those of the losses that `terms` records on the tape it gets.
    /// - Returns: the terms.
    @discardableResult
    package func backward(_ terms: (Tape) throws -> [LossTerm]) rethrows -> [LossTerm] {
        beginAccumulation()
        let tape = Tape(recording: true)
        let terms = try terms(tape)
        tape.backward(terms.map { ($0.sum, $0.factor) })
        finishAccumulation()
        return terms
    }
}
