/// How long the ranks of this run wait for each other: a multiple of their own median step, and never less than a floor.
package struct Patience: Sendable {
    /// Median steps a rank may fall behind: far beyond a photograph that is slow to come or a page that is swapped in.
    private static let multiple = 20.0
    /// While no steps have been seen, and after work that only some ranks have, such as scoring an evaluation.
    private static let longSeconds = 600.0
    private static let leastStepCount = 5
    private static let rememberedStepCount = 64

    private let floorSeconds: Double
    private var stepSeconds: [Double] = []

    package init(floorSeconds: Double) { self.floorSeconds = floorSeconds }

    /// Takes note of how long a step took.
    package mutating func add(_ seconds: Double) {
        if stepSeconds.count == Self.rememberedStepCount { stepSeconds.removeFirst() }
        stepSeconds.append(seconds)
    }

    /// Of a wait between ranks that have the same to do.
    package var stepLimitSeconds: Double {
        guard stepSeconds.count >= Self.leastStepCount else { return unevenLimitSeconds }
        return max(floorSeconds, Self.multiple * stepSeconds.sorted()[stepSeconds.count / 2])
    }

    /// Of a wait for ranks that may have more to do than others.
    package var unevenLimitSeconds: Double {
        max(floorSeconds, Self.longSeconds, Self.multiple * (stepSeconds.max() ?? 0))
    }
}
