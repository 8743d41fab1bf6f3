import Foundation
import Testing

@testable import Checkpointing

/// Whatever call fails on the way to disk, the checkpoint before stays, and the run can go on.
@Suite struct FailingDiskTests {
    /// More than one unpacking buffer, so that several writes are there to fail.
    private func sample(_ step: Int) -> CheckpointSnapshot { .sample(step: step, size: 200_000) }

    /// - Returns: the calls made, and whether the new checkpoint is the one to go on from.
    private func write(failing: Int, code: Int32) throws -> (callCount: Int, isNew: Bool) {
        let folder = try TemporaryFolder()
        try CheckpointWriter(folder: folder.path, keep: 1).writeNow(sample(1))
        let before = try folder.read("step_1.safetensors.zst")
        let failures = FailingCalls(failing: failing, code: code)
        let writer = CheckpointWriter(folder: folder.path, keep: 1, calls: failures.calls)
        writer.write(sample(2))
        let error = writer.waitForLast()
        if failing < failures.callCount {
            #expect(error?.kind == .output, "call \(failing)")
            #expect(
                error?.message.contains(String(cString: strerror(code))) == true,
                "\(error?.description ?? "none")")
            #expect(try folder.read("step_1.safetensors.zst") == before, "call \(failing)")
        } else {
            #expect(error == nil)
        }
        #expect(try !folder.names().contains { $0.hasSuffix(".tmp") }, "call \(failing)")
        let found = try Checkpoints.newestValid(in: folder.path)
        let step = try #require(try found.checkpoint?.metadata().step, "call \(failing)")
        #expect(found.skipped.isEmpty, "call \(failing)")
        let bytes = try folder.read("step_\(step).safetensors.zst")
        #expect(step == 2 || bytes == before)
        // The disk has room again.
        try CheckpointWriter(folder: folder.path, keep: 1).writeNow(sample(3))
        #expect(try Checkpoints.newestValid(in: folder.path).checkpoint?.metadata().step == 3)
        return (failures.callCount, step == 2)
    }

    @Test(arguments: [EIO, ENOSPC]) func everyCallMayFail(code: Int32) throws {
        let callCount = try write(failing: .max, code: code).callCount
        #expect(callCount >= 8, "\(callCount) calls: writes, a sync, a rename and the folder's sync, twice")
        for failing in 0..<callCount { _ = try write(failing: failing, code: code) }
    }

    /// Beyond the rename of the checkpoint itself only the pointer can be missing.
    @Test func theNewOneCountsOnceItIsInPlace() throws {
        let callCount = try write(failing: .max, code: EIO).callCount
        let isNew = try (0...callCount).map { try write(failing: $0, code: EIO).isNew }
        #expect(isNew.first == false && isNew.last == true)
    }
}
