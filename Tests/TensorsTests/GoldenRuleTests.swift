import TestSupport
import Testing

/// The rule that stands for large weights, against the test vectors of `Golden/README.md`.
@Suite struct GoldenRuleTests {
    @Test func hashesAndValuesFollowTheRule() {
        let seed = GoldenWeights.seed("input")
        #expect(seed == 0x1ebb_ae8f_5810_b65b)
        #expect(GoldenWeights.hash(seed, 0) == 0x190a_9f76_a9bd_8bf6)
        #expect(GoldenWeights.hash(seed, 1) == 0xa701_17d0_9cb2_bc5b)
        #expect(
            GoldenWeights.values("input", count: 3, scale: 2)
                == [-1.6087267398834229, 0.6094415187835693, -1.1855030059814453])
        #expect(GoldenWeights.seed("conv1.weight") == 0x69a2_9a2c_ee47_d254)
        #expect(GoldenWeights.values("conv1.weight", count: 2) == [0.0901498794555664, 0.49032342433929443])
        #expect(GoldenWeights.positions("input", size: 1000, count: 4) == [526, 122, 416, 30])
    }

    @Test func theReaderKnowsShapesTypesAndNotes() throws {
        let file = try GoldenTensors("ops/loss.safetensors")
        #expect(try file.shape("focal.logits") == [13, 7])
        #expect(try file.labels("focal.labels") == [0, 7, 3, 6, -1, 7, 7, 2, 5, -1, 7, 1, 4])
        #expect(file.metadata["torch"]?.hasPrefix("2.") == true)
        #expect(throws: GoldenError.self) { try file.floats("focal.labels") }
        #expect(throws: GoldenError.self) { try file.floats("absent") }
    }

    @Test func comparisonsSeeNaNsAndSizes() {
        withKnownIssue { expectClose([Float.nan], [0], relative: 1) }
        withKnownIssue { expectClose([1, .nan] as [Float], [1, 1], relative: 1) }
        withKnownIssue { expectClose([1] as [Float], [1, 1], relative: 1) }
        withKnownIssue { expectClose([1.1] as [Float], [1], relative: 0.09) }
        expectClose([1.1, 0] as [Float], [1, 0], relative: 0.11)
    }
}
