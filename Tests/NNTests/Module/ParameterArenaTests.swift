import NN
import Tensors
import Testing

@Suite struct ParameterArenaTests {
    private func parameters() -> [(path: String, parameter: Parameter)] {
        let shapes = [("a", [3, 5]), ("b", [16]), ("c", [1]), ("d", [2, 2, 3, 3])]
        return shapes.enumerated().map { i, entry in
            let parameter = Parameter(entry.1, .zeros)
            parameter.assign(Tensor(repeating: Float(i + 1), shape: entry.1))
            return (entry.0, parameter)
        }
    }

    @Test func parametersKeepTheirNumbersAndLieOnCacheLines() {
        let parameters = parameters()
        let arena = ParameterArena(parameters)
        #expect(arena.entries.map(\.offset) == [0, 16, 32, 48])
        #expect(arena.entries.map(\.count) == [15, 16, 1, 36])
        #expect(arena.count == 96 && arena.gradients.count == 96)
        for (i, entry) in arena.entries.enumerated() {
            let count = entry.count
            #expect(entry.parameter.value.values == [Float](repeating: Float(i + 1), count: count))
            #expect(entry.parameter.shape == parameters[i].parameter.shape)
            #expect(UInt(bitPattern: entry.parameter.value.floats) % 64 == 0)
            let end = i + 1 < arena.entries.count ? arena.entries[i + 1].offset : arena.count
            #expect(arena.values.values[(entry.offset + count)..<end].allSatisfy { $0 == 0 })
        }
    }

    @Test func arenaAndParametersAreOneMemory() {
        let parameters = parameters()
        let arena = ParameterArena(parameters)
        arena.values.floats[16] = 42
        #expect(parameters[1].parameter.value.values[0] == 42)
        parameters[2].parameter.assign(Tensor([7], shape: [1]))
        #expect(arena.values.values[32] == 7)
        arena.gradients.floats[48] = 9
        #expect(parameters[3].parameter.leaf.gradient?.values[0] == 9)
        #expect(parameters[3].parameter.leaf.gradient?.shape == [2, 2, 3, 3])
    }

    @Test func anUntrainedArenaGivesNoGradients() {
        let parameters = parameters()
        let arena = ParameterArena(parameters, trained: false)
        #expect(arena.gradients.count == 0)
        #expect(parameters.allSatisfy { $0.parameter.leaf.gradient == nil })
    }

    @Test func accumulationBeginsAndEndsForAllParameters() {
        let parameters = parameters()
        let arena = ParameterArena(parameters)
        arena.gradients.floats.update(repeating: 5, count: arena.count)
        arena.beginAccumulation()
        let tape = Tape(recording: true)
        // Only `a` is used: [1, 5] by its transpose.
        let y = tape.linear(
            Variable(constant: Tensor(repeating: 1, shape: [1, 5])), weight: parameters[0].parameter.leaf,
            bias: nil)
        tape.backward(from: [(y, Tensor([1, 2, 3], shape: [1, 3]))])
        arena.finishAccumulation()
        #expect(
            parameters[0].parameter.leaf.gradient?.values == [1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3])
        for (_, parameter) in parameters.dropFirst() {
            #expect(parameter.leaf.gradient?.values.allSatisfy { $0 == 0 } == true)
        }
    }

    @Test func aWeightIsPackedAnewAfterMovingHome() {
        let conv = Conv2d(16, 16, kernel: 3, bias: false)
        conv.weight.assign(Tensor(repeating: 1, shape: [16, 16, 3, 3]))
        let x = Variable(constant: Tensor(repeating: 1, shape: [1, 3, 3, 16]))
        func centre() -> Float { conv(x, Tape(recording: false)).tensor.values[4 * 16] }
        #expect(centre() == 144)
        let arena = ParameterArena(conv.namedParameters)
        #expect(centre() == 144)
        arena.values.floats.update(repeating: 0.5, count: arena.count)
        arena.didChange()
        #expect(centre() == 72)
    }
}
