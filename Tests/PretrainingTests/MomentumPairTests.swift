import NN
import Tensors
import TestSupport
import Testing

@testable import Pretraining

@Suite struct MomentumPairTests {
    private func arena(_ values: [(path: String, values: [Float])], trained: Bool) -> ParameterArena {
        let arena = ParameterArena(
            values.map { ($0.path, Parameter([$0.values.count], .zeros)) }, trained: trained)
        for (entry, given) in zip(arena.entries, values) {
            entry.parameter.assign(Tensor(given.values, shape: [given.values.count]))
        }
        return arena
    }

    private func pair(start: Double, end: Double) -> (
        pair: MomentumPair, online: ParameterArena, target: ParameterArena
    ) {
        let online = arena([("a", [1, 2, 3]), ("b", [4]), ("c", [50, 60])], trained: true)
        let target = arena([("a", [-1, 0, 1]), ("b", [8])], trained: false)
        return (MomentumPair(online: online, target: target, start: start, end: end), online, target)
    }

    /// 12 epochs of 7393 steps, the published run; numbers from the formula in Python.
    @Test func momentumRisesAlongHalfACosine() throws {
        let golden = try GoldenTensors("ops/optimizer.safetensors")
        let pair = pair(start: 0.996, end: 1).pair
        let iterations = try golden.integers("target_momentum.iterations")
        let expected = try golden.doubles("target_momentum.momenta")
        for (step, momentum) in zip(iterations, expected) {
            #expect(abs(pair.momentum(step: step, stepCount: 88_716) - momentum) < 1e-15)
        }
        #expect(pair.momentum(step: 0, stepCount: 88_716) == 0.996)
        #expect(abs(pair.momentum(step: 1, stepCount: 88_716) - 0.996000000001254) < 1e-15)
        #expect(abs(pair.momentum(step: 22_179, stepCount: 88_716) - 0.99658578643763) < 1e-14)
        #expect(abs(pair.momentum(step: 44_358, stepCount: 88_716) - 0.998) < 1e-15)
        #expect(abs(pair.momentum(step: 66_537, stepCount: 88_716) - 0.99941421356236) < 2e-14)
        #expect(1 - pair.momentum(step: 88_715, stepCount: 88_716) < 1e-11)
    }

    @Test func theTargetMovesAndTheOnlineNetworkStays() {
        let (pair, online, target) = pair(start: 0.75, end: 0.75)
        pair.follow(step: 3, stepCount: 10)
        #expect(target.entries.map(\.parameter.value.values) == [[-0.5, 0.5, 1.5], [7]])
        #expect(online.entries.map(\.parameter.value.values) == [[1, 2, 3], [4], [50, 60]])
    }

    @Test func aCopyStartsEqualInTheSharedPartAlone() {
        let (pair, online, target) = pair(start: 0.75, end: 0.75)
        pair.copyOnline()
        #expect(target.entries.map(\.parameter.value.values) == [[1, 2, 3], [4]])
        // Values of its own: what moves the one leaves the other.
        online.values.floats[0] = 100
        #expect(target.entries[0].parameter.value.values == [1, 2, 3])
    }

    /// At momentum 1 nothing moves, at 0 the target becomes the online network.
    @Test func theEndsOfTheRangeAreExact() {
        let (still, _, target) = pair(start: 1, end: 1)
        still.follow(step: 0, stepCount: 10)
        #expect(target.entries[1].parameter.value.values == [8])
        let (copying, _, moved) = pair(start: 0, end: 0)
        copying.follow(step: 0, stepCount: 10)
        #expect(moved.entries.map(\.parameter.value.values) == [[1, 2, 3], [4]])
    }

    @Test func partsInAnotherOrderTrap() async {
        await #expect(processExitsWith: .failure) {
            let online = ParameterArena([("a", Parameter([2], .zeros)), ("b", Parameter([2], .zeros))])
            let target = ParameterArena([("b", Parameter([2], .zeros))], trained: false)
            _ = MomentumPair(online: online, target: target, start: 0.9, end: 1)
        }
    }
}
