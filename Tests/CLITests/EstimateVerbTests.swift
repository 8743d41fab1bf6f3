import Testing

extension ProgramTests {
    /// `estimate`: what a run of a recipe will take.
    @Suite struct EstimateVerbTests {
        private let folder: WorkFolder

        init() throws { folder = try WorkFolder() }

        private func estimate(_ arguments: [String]) throws -> String {
            let outcome = try Program.run(["estimate"] + arguments, in: folder.path)
            try #require(outcome.status == 0, "\(outcome)")
            return outcome.output
        }

        @Test func ranksShareTheMicroBatchesOfAStep() throws {
            let small = ["--cfg-options"] + Array((try SmallRuns.pretraining()).dropFirst())
            let alone = try estimate(["builtin:quick/pretrain.yaml"] + small)
            #expect(alone.contains(": 4 of 4 micro-batches on a rank; of it 0 s (0 %)"), "\(alone)")
            #expect(alone.contains("\nrun           450 steps: "), "\(alone)")
            let three = try estimate(["builtin:quick/pretrain.yaml", "--ranks", "3"] + small)
            #expect(three.contains(": 2 of 4 micro-batches on a rank; of it "), "\(three)")
            // Gradients of some thousands of parameters: little, but not nothing.
            #expect(!three.contains("of it 0 s"), "\(three)")
        }

        @Test func epochsAreCountedFromTheImages() throws {
            let small =
                ["--cfg-options", "schedule.unit=epoch", "schedule.length=3", "schedule.decay.at=[2]"]
                + Array((try SmallRuns.pretraining()).dropFirst())
            let counted = try estimate(["builtin:quick/pretrain.yaml"] + small)
            // Sixteen photographs, eight a step.
            #expect(counted.contains("\nepoch         2 steps\nrun           6 steps: "), "\(counted)")
            let told = try estimate(["builtin:quick/pretrain.yaml", "--images", "81"] + small)
            #expect(told.contains("\nepoch         11 steps\nrun           33 steps: "), "\(told)")
        }

        @Test func annotationsThatAreNotThereAreNamed() throws {
            let outcome = try Program.run(
                ["estimate", "builtin:quick/pretrain.yaml", "--cfg-options", "schedule.unit=epoch"]
                    + ["data.train.annotations=nowhere.json"], in: folder.path)
            #expect(outcome.status == 66, "\(outcome)")
            #expect(outcome.errors.contains("nowhere.json") && outcome.errors.contains("--images"), "\(outcome)")
        }
    }
}
