import Foundation
import Testing

@testable import Checkpointing

@Suite struct CheckpointsTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func damage(_ name: String) throws {
        var bytes = try folder.read(name)
        bytes[bytes.count / 2] ^= 1
        _ = try folder.write(bytes, name)
    }

    private func writeSteps(_ steps: [Int]) throws {
        let writer = CheckpointWriter(folder: folder.path, keep: 10)
        for step in steps { try writer.writeNow(.sample(step: step)) }
    }

    @Test func newestIsTakenByThePointer() throws {
        try writeSteps([1, 2, 3])
        _ = try folder.write([UInt8]("step_2.safetensors.zst\n".utf8), "last_checkpoint")
        let found = try Checkpoints.newestValid(in: folder.path)
        #expect(try found.checkpoint?.metadata().step == 2)
        #expect(found.skipped.isEmpty)
    }

    @Test func damagedOnesAreSkippedWithTheirReason() throws {
        try writeSteps([1, 20, 30])
        try damage("step_30.safetensors.zst")
        let found = try Checkpoints.newestValid(in: folder.path)
        #expect(try found.checkpoint?.metadata().step == 20)
        #expect(found.skipped.map(\.path) == [folder.file("step_30.safetensors.zst")])
        #expect(found.skipped.map(\.kind) == [.damaged])
    }

    @Test func aPointerToNothingIsSkippedToo() throws {
        try writeSteps([1])
        _ = try folder.write([UInt8]("step_9.safetensors.zst\n".utf8), "last_checkpoint")
        let found = try Checkpoints.newestValid(in: folder.path)
        #expect(try found.checkpoint?.metadata().step == 1)
        #expect(found.skipped.map(\.kind) == [.missing])
    }

    @Test func withoutAPointerTheLastWrittenIsTaken() throws {
        try writeSteps([9, 10])
        try FileManager.default.removeItem(atPath: folder.file("last_checkpoint"))
        #expect(try Checkpoints.newestValid(in: folder.path).checkpoint?.metadata().step == 10)
    }

    @Test func halfWrittenFilesAreNotLookedAt() throws {
        _ = try folder.write([1, 2, 3], "step_4.safetensors.zst.tmp")
        let found = try Checkpoints.newestValid(in: folder.path)
        #expect(found.checkpoint == nil)
        #expect(found.skipped.isEmpty)
    }

    @Test func aFolderThatDoesNotExistHoldsNone() throws {
        let found = try Checkpoints.newestValid(in: folder.file("later"))
        #expect(found.checkpoint == nil && found.skipped.isEmpty)
    }

    @Test func allDamagedMeansNone() throws {
        try writeSteps([1, 2])
        for step in [1, 2] { try damage("step_\(step).safetensors.zst") }
        let found = try Checkpoints.newestValid(in: folder.path)
        #expect(found.checkpoint == nil)
        #expect(found.skipped.count == 2)
    }
}
