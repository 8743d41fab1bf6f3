internal import Foundation
package import NN
internal import Tensors

/// An online network's parameters and the slowly following copy of some of them.
///
/// target ← m target + (1 - m) online after each update, with m rising from `start` to `end` along a half cosine:
/// m_k = end - (end - start)(cos(πk/K) + 1)/2. Running statistics are not averaged.
/// - Source: mmselfsup 0.9 `MomentumUpdateHook` as AlignDet uses it (0.996 to 1).
package final class MomentumPair {
    private let online: ParameterArena
    private let target: ParameterArena
    private let start: Double
    private let end: Double

    /// - Precondition: the target's parameters are the first of the online ones, name by name, so that one sweep over
    ///   the flat arrays moves them all.
    package init(online: ParameterArena, target: ParameterArena, start: Double, end: Double) {
        for (a, b) in zip(online.entries, target.entries) {
            precondition(
                a.path == b.path && a.offset == b.offset && a.count == b.count,
                "momentum pair: \(a.path) at \(a.offset) against \(b.path) at \(b.offset)")
        }
        precondition(target.count <= online.count, "a target of \(target.count) floats follows \(online.count)")
        self.online = online
        self.target = target
        self.start = start
        self.end = end
    }

    /// A module's parameters in an arena of their own, following as the settings say and starting as a copy where they do.
    convenience init(online: ParameterArena, target: any Module, _ settings: AlignDetSettings) {
        self.init(
            online: online, target: ParameterArena(target.namedParameters, trained: false),
            start: settings.momentumStart, end: settings.momentumEnd)
        if settings.targetStart == .copy { copyOnline() }
    }

    /// Parameters whose path the condition holds for start as copies.
    func copyOnline(where condition: (_ path: String) -> Bool) {
        for (own, copy) in zip(online.entries, target.entries) where condition(own.path) {
            copy.parameter.assign(own.parameter.value)
        }
    }

    /// The target starts as a copy.
    package func copyOnline() {
        target.values.assign(from: online.values.prefix(0..<target.count))
        target.didChange()
    }

    /// - step: from 0; stepCount: length of the run.
    package func momentum(step: Int, stepCount: Int) -> Double {
        end - (end - start) * (cos(.pi * Double(step) / Double(max(1, stepCount))) + 1) / 2
    }

    package func follow(step: Int, stepCount: Int) {
        Elementwise.exponentialAverage(
            online.values.prefix(0..<target.count), into: target.values,
            momentum: Float(momentum(step: step, stepCount: stepCount)))
        target.didChange()
    }
}
