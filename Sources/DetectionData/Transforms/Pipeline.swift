package import Randomness

/// Transforms one after the other, all drawing from the same stream.
package struct Pipeline: Transform {
    private let steps: [any Transform]

    package init(_ steps: [any Transform]) { self.steps = steps }

    package func apply(to sample: inout Sample, random: inout RandomSource) {
        for step in steps { step.apply(to: &sample, random: &random) }
    }
}
