import NN
import Tensors
import TestSupport
import Testing

@testable import Pretraining

extension Objective {
    /// Golden weights in both networks.
    /// - tensor: by a name that begins with `online.` or `target.`, and a shape.
    func fill(_ tensor: (_ name: String, _ shape: [Int]) -> Tensor) {
        for (path, own) in network.namedTensors { own.assign(from: tensor("online." + path, own.shape)) }
        for (path, own) in companionTensors { own.assign(from: tensor(path, own.shape)) }
        didLoad()
    }

    /// Fails unless the momentum network has just these of the online network's names and follows it: 0.996
    /// stays at the first step.
    func expectTargetFollows(
        sourceLocation: SourceLocation = #_sourceLocation, where isFollowed: (_ path: String) -> Bool
    ) throws {
        let online = Dictionary(uniqueKeysWithValues: network.namedTensors.map { ($0.path, $0.tensor) })
        let before = companionTensors.map { ($0.path, $0.tensor.values) }
        #expect(
            Set(before.map(\.0)) == Set(online.keys.filter(isFollowed).map { "target." + $0 }),
            sourceLocation: sourceLocation)
        didUpdate(at: GoldenViews.moment)
        for ((path, old), (_, tensor)) in zip(before, companionTensors) {
            let source = try #require(
                online[String(path.dropFirst("target.".count))], "\(path)", sourceLocation: sourceLocation)
            let expected = zip(old, source.values).map { 0.996 * Double($0) + 0.004 * Double($1) }
            expectClose(
                tensor.values.map { Double($0) }, expected, relative: Tolerance.rounding, path,
                sourceLocation: sourceLocation)
        }
    }
}
