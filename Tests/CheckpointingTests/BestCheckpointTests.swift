import Foundation
import Testing

@testable import Checkpointing

@Suite struct BestCheckpointTests {
    private let folder: TemporaryFolder
    private let writer: CheckpointWriter

    init() throws {
        folder = try TemporaryFolder()
        writer = CheckpointWriter(folder: folder.path, keep: 1)
    }

    private func write(_ score: Double, step: Int, keep: Int = 2) throws {
        let purpose = CheckpointWriter.Purpose.best(score: score, keep: keep)
        if writer.isWorthWriting(purpose) { try writer.writeNow(.sample(step: step), purpose) }
    }

    private func best() throws -> [String] { try folder.names().filter { $0.hasPrefix("best_") } }

    @Test func theHighestScoresStayWhateverTheirOrder() throws {
        for (step, score) in [(10, 0.2), (20, 0.4), (30, 0.1), (40, 0.3), (50, 0.35)] {
            try write(score, step: step)
        }
        #expect(
            try best() == ["best_0.3500_step_50.safetensors.zst", "best_0.4000_step_20.safetensors.zst"])
        #expect(
            try CheckpointReader(path: folder.file("best_0.4000_step_20.safetensors.zst")).metadata().step
                == 20)
    }

    @Test func aScoreBelowTheRestIsNotWritten() throws {
        try write(0.5, step: 1, keep: 1)
        #expect(!writer.isWorthWriting(.best(score: 0.5, keep: 1)))
        #expect(writer.isWorthWriting(.best(score: 0.51, keep: 1)))
        #expect(writer.isWorthWriting(.best(score: 0.1, keep: 2)))
        #expect(writer.isWorthWriting(.step))
    }

    /// A run goes on from its newest state, not from its best.
    @Test func theyDisplaceNoStepAndMoveNoPointer() throws {
        try writer.writeNow(.sample(step: 40))
        try write(0.9, step: 20)
        #expect(
            try String(decoding: folder.read("last_checkpoint"), as: UTF8.self) == "step_40.safetensors.zst\n"
        )
        try writer.writeNow(.sample(step: 60))
        #expect(try best().count == 1)
        #expect(try Checkpoints.newestValid(in: folder.path).checkpoint?.metadata().step == 60)
    }

    @Test func leftoversOfKilledWritersGoAndNothingElse() throws {
        try writer.writeNow(.sample(step: 40))
        for name in ["step_50.safetensors.zst.tmp", "last_checkpoint.tmp", "notes.tmp"] {
            _ = try folder.write([1], name)
        }
        Checkpoints.removeLeftovers(in: folder.path)
        #expect(try folder.names() == ["last_checkpoint", "notes.tmp", "step_40.safetensors.zst"])
    }
}
