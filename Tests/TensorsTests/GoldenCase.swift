import TestSupport
import Testing

@testable import Tensors

/// One operation of `Golden/ops` with its inputs, and the check of our values and gradients against its own.
struct GoldenCase {
    let file: GoldenTensors
    let name: String

    init(_ family: String, _ name: String) throws {
        file = try GoldenTensors("ops/\(family).safetensors")
        self.name = name
    }

    func tensor(_ what: String) throws -> Tensor { try file.tensor("\(name).\(what)") }

    func leaf(_ what: String) throws -> Leaf { makeLeaf(try tensor(what)) }

    /// Nil where the case has none, such as a bias.
    func optionalLeaf(_ what: String) throws -> Leaf? {
        file.contains("\(name).\(what)") ? try leaf(what) : nil
    }

    /// Compares the output, runs the tape backwards from the golden gradient and compares the gradients.
    func check(
        _ output: Variable, _ tape: Tape, gradients: [(what: String, leaf: Leaf?)],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        expectClose(
            output.tensor, try tensor("output"), relative: Tolerance.operation, "\(name) output",
            sourceLocation: sourceLocation)
        tape.backward(from: [(output, try tensor("grad_output"))])
        for (what, leaf) in gradients {
            guard let leaf else { continue }
            expectClose(
                leaf.finishedGradient, try tensor("grad_\(what)"), relative: Tolerance.operation,
                "\(name) gradient of \(what)", sourceLocation: sourceLocation)
        }
    }
}

/// Reproducible numbers for tests that need no outside reference: uniform in ±scale around `shift`.
func numbers(_ name: String, _ shape: [Int], scale: Double = 1, shift: Double = 0) -> Tensor {
    Tensor(GoldenWeights.values(name, count: shape.reduce(1, *), scale: scale, shift: shift), shape: shape)
}
