package import Tensors

/// Changes the parameters of an arena by their gradients.
package protocol Optimizer: AnyObject {
    var arena: ParameterArena { get }
    /// Updates done so far; part of a checkpoint.
    var stepCount: Int { get set }
    /// Named state of the size of the arena, to be saved and restored bit for bit.
    var slots: [(name: String, tensor: Tensor)] { get }
    /// One update. `gradientScale` multiplies the gradients on the fly (clipping).
    func step(rate: Float, gradientScale: Float)
}

/// Learning-rate and decay factors of parameters by name.
package struct ParameterRule: Sendable {
    /// Applies to parameters whose path contains this.
    package let match: String
    package let rateFactor: Float
    package let decayFactor: Float

    package init(match: String, rateFactor: Float, decayFactor: Float) {
        (self.match, self.rateFactor, self.decayFactor) = (match, rateFactor, decayFactor)
    }
}

/// A stretch of the arena whose parameters are treated alike.
struct SweepRange {
    var offset: Int
    var count: Int
    let rateFactor: Float
    let decayFactor: Float

    /// The arena cut where the factors change. Of several rules that match, the longest pattern decides.
    static func make(_ arena: ParameterArena, _ rules: [ParameterRule]) -> [SweepRange] {
        var ranges: [SweepRange] = []
        for (i, entry) in arena.entries.enumerated() {
            let rule = rules.filter { entry.path.contains($0.match) }.max { $0.match.count < $1.match.count }
            let (rate, decay) = (rule?.rateFactor ?? 1, rule?.decayFactor ?? 1)
            let end = i + 1 < arena.entries.count ? arena.entries[i + 1].offset : arena.count
            if let last = ranges.last, last.rateFactor == rate, last.decayFactor == decay {
                ranges[ranges.count - 1].count = end - last.offset
            } else {
                ranges.append(
                    SweepRange(offset: entry.offset, count: end - entry.offset, rateFactor: rate, decayFactor: decay))
            }
        }
        return ranges
    }
}
