import Foundation
import Testing

@testable import Checkpointing

@Suite struct CheckpointWriterTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func pointer() throws -> String {
        String(decoding: try folder.read("last_checkpoint"), as: UTF8.self)
    }

    @Test func equalSnapshotsGiveEqualFiles() throws {
        let writer = CheckpointWriter(folder: folder.path, keep: 9)
        try writer.writeNow(.sample(step: 3), .named("one"))
        try writer.writeNow(.sample(step: 3), .named("other"))
        #expect(try folder.read("one.safetensors.zst") == folder.read("other.safetensors.zst"))
    }

    @Test func pointerFollowsTheNewestAndOldOnesGo() throws {
        let writer = CheckpointWriter(folder: folder.path, keep: 2)
        try writer.writeNow(.sample(step: 1), .named("mine"))
        for step in [100, 200, 1000] { try writer.writeNow(.sample(step: step)) }
        #expect(try pointer() == "step_1000.safetensors.zst\n")
        #expect(
            try folder.names() == [
                "last_checkpoint", "mine.safetensors.zst", "step_1000.safetensors.zst",
                "step_200.safetensors.zst",
            ])
    }

    @Test func aRunThatWentBackKeepsWhatItWroteLast() throws {
        let writer = CheckpointWriter(folder: folder.path, keep: 2)
        for step in [400, 500, 150] { try writer.writeNow(.sample(step: step)) }
        #expect(
            try folder.names() == ["last_checkpoint", "step_150.safetensors.zst", "step_500.safetensors.zst"])
        let found = try Checkpoints.newestValid(in: folder.path)
        #expect(try found.checkpoint?.metadata().step == 150)
    }

    @Test func writingGoesOnWhileTheCallerGoesOn() throws {
        let writer = CheckpointWriter(folder: folder.path, keep: 5)
        for step in 1...4 {
            #expect(writer.waitForLast() == nil)
            writer.write(.sample(step: step, size: 50_000))
        }
        try writer.finish()
        try writer.finish()
        #expect(try folder.names().count == 5)
        #expect(try pointer() == "step_4.safetensors.zst\n")
    }

    @Test func lettingGoOfTheWriterFinishesTheFile() throws {
        do {
            let writer = CheckpointWriter(folder: folder.path, keep: 5)
            writer.write(.sample(step: 1, size: 50_000))
        }
        #expect(try pointer() == "step_1.safetensors.zst\n")
        #expect(try CheckpointReader(path: folder.file("step_1.safetensors.zst")).metadata().step == 1)
    }

    /// What `obstacle` puts in the way of step 2 must leave step 1 and the pointer as they were.
    private func expectIntact(
        kind: CheckpointError.Kind, _ message: String, _ obstacle: (_ file: String) throws -> Void
    ) throws {
        let writer = CheckpointWriter(folder: folder.path, keep: 1)
        try writer.writeNow(.sample(step: 1))
        let before = try folder.read("step_1.safetensors.zst")
        try obstacle(folder.file("step_2.safetensors.zst"))
        writer.write(.sample(step: 2))
        let error = #expect(throws: CheckpointError.self) { try writer.finish() }
        #expect(error?.kind == kind)
        #expect(error?.message.contains(message) == true, "\(error?.description ?? "")")
        #expect(try folder.read("step_1.safetensors.zst") == before)
        #expect(try pointer() == "step_1.safetensors.zst\n")
        #expect(try Checkpoints.newestValid(in: folder.path).checkpoint?.metadata().step == 1)
        // The writer itself is not broken by it.
        try writer.writeNow(.sample(step: 3))
        #expect(try pointer() == "step_3.safetensors.zst\n")
    }

    @Test func aFullDiskLeavesTheOldCheckpoint() throws {
        // Whatever is written to /dev/full fails with ENOSPC, as on a full disk.
        try expectIntact(kind: .output, "No space left on device") {
            try FileManager.default.createSymbolicLink(atPath: $0 + ".tmp", withDestinationPath: "/dev/full")
        }
        #expect(try !folder.names().contains { $0.hasSuffix(".tmp") })
    }

    @Test func aFileThatCannotBeCreatedLeavesTheOldCheckpoint() throws {
        try expectIntact(kind: .creation, "Is a directory") {
            try FileManager.default.createDirectory(atPath: $0 + ".tmp", withIntermediateDirectories: false)
        }
    }

    @Test func aNameThatIsTakenLeavesTheOldCheckpoint() throws {
        try expectIntact(kind: .output, "cannot be put in place") {
            try FileManager.default.createDirectory(atPath: $0 + "/x", withIntermediateDirectories: true)
        }
    }

    @Test func aFolderThatIsAFileIsAnError() throws {
        let path = try folder.write([1], "file")
        let writer = CheckpointWriter(folder: path, keep: 1)
        writer.write(.sample(step: 1))
        let error = writer.waitForLast()
        #expect(error?.kind == .creation)
        #expect(error?.exitCode == 73)
        // It is told once.
        try writer.finish()
    }
}
