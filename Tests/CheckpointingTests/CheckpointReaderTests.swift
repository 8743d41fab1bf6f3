import Foundation
import TestSupport
import Testing

@testable import Checkpointing

@Suite struct CheckpointReaderTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test(arguments: [-5, 1, 3, 12] as [Int32]) func roundTripKeepsEveryBit(level: Int32) throws {
        // Larger than the unpacking buffer, so that a frame of several blocks is read.
        let snapshot = CheckpointSnapshot.sample(step: 7, size: 300_000)
        try CheckpointWriter(folder: folder.path, keep: 1, level: level).writeNow(snapshot)
        let reader = try CheckpointReader(path: folder.file("step_7.safetensors.zst"))
        #expect(try reader.metadata() == snapshot.metadata)
        #expect(reader.entries.count == snapshot.entries.count)
        for entry in snapshot.entries {
            let read = try reader.entry(entry.name, dtype: entry.dtype, shape: entry.shape)
            #expect(read.bytes == entry.bytes, "\(entry.name)")
        }
        #expect(reader.entries(prefix: "neck.").map(\.name) == ["neck.weight"])
    }

    @Test func payloadsOfNaNsSurvive() throws {
        let patterns: [UInt32] = [
            0x7FA0_0001, 0xFFED_BEEF, 0x7F80_0001, 0x8000_0000, 0x7F80_0000, 0xFFFF_FFFF,
        ]
        let entry = patterns.withUnsafeBytes {
            SafetensorsEntry(name: "nan", dtype: .float32, shape: [6], copying: $0)
        }
        let metadata = CheckpointSnapshot.sample(step: 0).metadata
        let writer = CheckpointWriter(folder: folder.path, keep: 1)
        try writer.writeNow(CheckpointSnapshot(entries: [entry], metadata: metadata))
        let read = try CheckpointReader(path: folder.file("step_0.safetensors.zst")).file["nan"]
        #expect(read?.bytes == entry.bytes)
        #expect(read?.floats()?.map(\.bitPattern) == patterns)
    }

    private func packedSample() throws -> [UInt8] {
        try CheckpointWriter(folder: folder.path, keep: 1).writeNow(.sample(step: 1))
        return try folder.read("step_1.safetensors.zst")
    }

    @Test func everyCutIsRefused() throws {
        let bytes = try packedSample()
        #expect(bytes.count > 7000)
        let cuts =
            Array(stride(from: 0, to: bytes.count, by: 512)) + Array(0..<32)
            + Array((bytes.count - 32)..<bytes.count)
        for cut in cuts {
            let path = try folder.write(Array(bytes[..<cut]), "cut.safetensors.zst")
            let error = #expect(throws: CheckpointError.self, "cut at \(cut)") {
                try CheckpointReader(path: path)
            }
            #expect(error?.kind == .damaged)
            #expect(error?.path == path)
        }
    }

    @Test func everyFlippedBitIsFound() throws {
        let bytes = try packedSample()
        let bitCount = bytes.count * 8
        // 300 spread over the file, all of the frame's header, and all of its checksum and seal.
        let spread = (0..<300).map { $0 * bitCount / 300 + $0 % 8 }
        let bits = spread + Array(0..<56) + Array((bitCount - 8 * (FrameSeal.byteCount + 4))..<bitCount)
        for bit in bits where bit < bitCount {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << (bit % 8)
            let path = try folder.write(flipped, "flipped.safetensors.zst")
            let error = #expect(throws: CheckpointError.self, "bit \(bit)") {
                _ = try CheckpointReader(path: path)
            }
            #expect(error?.kind == .damaged)
        }
    }

    @Test func whatFollowsTheFrameIsRefused() throws {
        for trailer in [[0], try packedSample()] {
            let path = try folder.write(try packedSample() + trailer, "long.safetensors.zst")
            let error = #expect(throws: CheckpointError.self) { try CheckpointReader(path: path) }
            #expect(error?.message.contains("follows its zstd frame") == true)
        }
    }

    /// Without it nobody could tell whether its meaningless bits are still those that were written.
    @Test func aCutSealIsRefused() throws {
        let bytes = try packedSample()
        let path = try folder.write(Array(bytes.dropLast(FrameSeal.byteCount)), "unsealed.safetensors.zst")
        let error = #expect(throws: CheckpointError.self) { try CheckpointReader(path: path) }
        #expect(error?.message.contains("digest behind its zstd frame is missing") == true)
    }

    /// Unpacked by hand there is no zstd checksum, so the digests must find it.
    @Test func damageInAPlainFileNamesTheTensor() throws {
        let snapshot = CheckpointSnapshot.sample(step: 1)
        try SafetensorsFile.write(
            snapshot.entries, metadata: snapshot.fileMetadata, to: folder.file("a.safetensors"))
        let bytes = try folder.read("a.safetensors")
        for (offset, name) in [(0, "mask"), (6, "neck.weight"), (5 + 8000, "head.bias")] {
            var damaged = bytes
            damaged[bytes.count - 1 - offset] ^= 0x10
            let path = try folder.write(damaged, "b.safetensors")
            let error = #expect(throws: CheckpointError.self) { try CheckpointReader(path: path) }
            #expect(error?.tensor == name)
            #expect(error?.message.contains("digest") == true)
        }
    }

    /// Content that is wrong although its frame is intact, as a writer with bad memory would leave it.
    @Test func damageBeforePackingNamesTheTensor() throws {
        let good = CheckpointSnapshot.sample(step: 1)
        var entries = good.entries
        entries[1] = SafetensorsEntry(name: "head.bias", shape: [3], floats: [-4.6, 0, 1.0000001])
        try SafetensorsFile.writePacked(
            entries, metadata: good.fileMetadata, to: folder.file("c.safetensors.zst"), level: 3)
        let error = #expect(throws: CheckpointError.self) {
            try CheckpointReader(path: folder.file("c.safetensors.zst"))
        }
        #expect(error?.tensor == "head.bias")
    }

    @Test func aBrokenFrameNamesTheTensorItBreaksIn() throws {
        try CheckpointWriter(folder: folder.path, keep: 1).writeNow(.sample(step: 1, size: 300_000))
        var bytes = try folder.read("step_1.safetensors.zst")
        bytes.removeLast(bytes.count / 2)
        let error = #expect(throws: CheckpointError.self) {
            try CheckpointReader(path: folder.write(bytes, "half.safetensors.zst"))
        }
        #expect(error?.tensor == "neck.weight")
        #expect(error?.message.contains("cut short: the file ends at byte \(bytes.count)") == true)
    }

    @Test func aMissingDigestIsDamage() throws {
        let snapshot = CheckpointSnapshot.sample(step: 1)
        var metadata = snapshot.fileMetadata
        metadata["digest.mask"] = nil
        try SafetensorsFile.write(snapshot.entries, metadata: metadata, to: folder.file("d.safetensors"))
        let error = #expect(throws: CheckpointError.self) {
            try CheckpointReader(path: folder.file("d.safetensors"))
        }
        #expect(error?.tensor == "mask")
    }

    @Test func aMissingTensorIsDamage() throws {
        let snapshot = CheckpointSnapshot.sample(step: 1)
        try SafetensorsFile.write(
            snapshot.entries.dropLast(), metadata: snapshot.fileMetadata, to: folder.file("e.safetensors"))
        let error = #expect(throws: CheckpointError.self) {
            try CheckpointReader(path: folder.file("e.safetensors"))
        }
        #expect(error?.tensor == "nothing")
    }

    @Test func weightsThatAreNoCheckpointCannotBeResumed() throws {
        let reader = try CheckpointReader(path: Golden.url("checkpoints/python.safetensors.zst").path)
        let error = #expect(throws: CheckpointError.self) { try reader.metadata() }
        #expect(error?.kind == .mismatch)
        #expect(error?.hint?.contains("--load-from") == true)
    }

    @Test func aNewerFormatIsRefused() throws {
        let snapshot = CheckpointSnapshot.sample(step: 1)
        var metadata = snapshot.fileMetadata
        metadata["format_version"] = "2"
        try SafetensorsFile.write(snapshot.entries, metadata: metadata, to: folder.file("n.safetensors"))
        let reader = try CheckpointReader(path: folder.file("n.safetensors"))
        let error = #expect(throws: CheckpointError.self) { try reader.metadata() }
        #expect(error?.message == "format version 2, and this program reads up to 1")
    }

    @Test func wrongShapesAndNamesAreMismatches() throws {
        let bytes = try packedSample()
        let reader = try CheckpointReader(path: folder.write(bytes, "f.safetensors.zst"))
        let shape = #expect(throws: CheckpointError.self) {
            try reader.entry("head.bias", dtype: .float32, shape: [80])
        }
        #expect(shape?.kind == .mismatch)
        #expect(shape?.message == "is F32 [3], the model needs F32 [80]")
        let name = #expect(throws: CheckpointError.self) {
            try reader.entry("neck", dtype: .float32, shape: [])
        }
        #expect(name?.tensor == "neck")
    }

    @Test func missingFilesSaySo() throws {
        let error = #expect(throws: CheckpointError.self) {
            try CheckpointReader(path: folder.file("none.zst"))
        }
        #expect(error?.kind == .missing)
        #expect(error?.exitCode == 66)
        let onFolder = #expect(throws: CheckpointError.self) { try CheckpointReader(path: folder.path) }
        #expect(onFolder?.kind == .missing)
    }
}
