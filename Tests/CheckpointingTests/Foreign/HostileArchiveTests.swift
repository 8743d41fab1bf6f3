import Foundation
import TestSupport
import Testing

@testable import Checkpointing

/// Zip archives whose directory lies, and safetensors headers that do.
@Suite struct HostileArchiveTests {
    private let folder: TemporaryFolder
    private let whole: [UInt8]

    init() throws {
        folder = try TemporaryFolder()
        whole = [UInt8](try Golden.data("foreign/zip.pth"))
    }

    private func expectRefusal(
        _ bytes: [UInt8], _ words: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let path = try folder.write(bytes, "file.pth")
        let error = #expect(throws: CheckpointError.self, sourceLocation: sourceLocation) {
            for tensor in try ForeignWeights(path: path).tensors { _ = try tensor.entry(named: "x") }
        }
        #expect(error?.exitCode == 65, sourceLocation: sourceLocation)
        for word in words {
            #expect(
                error?.description.contains(word) == true, "\(error as Any)", sourceLocation: sourceLocation)
        }
    }

    /// Where the directory's entry of a record begins.
    private func entry(_ name: String) throws -> Int {
        let pattern = [UInt8](name.utf8)
        let at = try #require(
            whole.indices.last { i in
                i + pattern.count <= whole.count && whole[i..<(i + pattern.count)].elementsEqual(pattern)
            })
        return at - 46
    }

    private func changed(at position: Int, _ bytes: [UInt8]) -> [UInt8] {
        var copy = whole
        copy.replaceSubrange(position..<(position + bytes.count), with: bytes)
        return copy
    }

    @Test func packedRecordsAreRefusedBeforeAnythingIsUnpacked() throws {
        let at = try entry("zip/data/0")
        try expectRefusal(changed(at: at + 10, [8, 0]), "zip/data/0", "packed", "method 8", "at byte \(at)")
        // A bomb: a thousand bytes that claim four thousand million.
        var bomb = changed(at: at + 10, [8, 0])
        bomb.replaceSubrange((at + 24)..<(at + 28), with: [0xFE, 0xFF, 0xFF, 0xFF])
        try expectRefusal(bomb, "packed", "4294967294")
    }

    @Test func sizesMustLieInTheFile() throws {
        let at = try entry("zip/data/0")
        try expectRefusal(
            changed(at: at + 20, [0xFE, 0xFF, 0xFF, 0x7F, 0xFE, 0xFF, 0xFF, 0x7F]), "zip/data/0",
            "2147483646",
            "at byte \(at)")
        try expectRefusal(changed(at: at + 20, [1, 0, 0, 0]), "two sizes", "at byte \(at)")
        try expectRefusal(changed(at: at + 42, [0xF0, 0xFF, 0xFF, 0x7F]), "does not begin", "at byte \(at)")
        try expectRefusal(changed(at: at + 42, [0xFF, 0xFF, 0xFF, 0xFF]), "64-bit sizes")
        try expectRefusal(changed(at: at + 8, [9, 8]), "encrypted", "at byte \(at)")
    }

    @Test func recordsMustNotOverlapOrRepeat() throws {
        let (one, other) = (try entry("zip/data/0"), try entry("zip/data/1"))
        try expectRefusal(changed(at: other + 42, Array(whole[(one + 42)..<(one + 46)])), "another name")
        try expectRefusal(changed(at: other + 46, [UInt8]("zip/data/0".utf8)), "zip/data/0")
    }

    @Test func aStorageOfAnotherSizeIsNamed() throws {
        let at = try entry("zip/data/0")
        try expectRefusal(
            changed(at: at + 20, [8, 0, 0, 0, 8, 0, 0, 0]), "storage '0'", "8 bytes", "F64 [2]")
    }

    @Test func everyChangedByteOfAStorageIsFound() throws {
        let at = try entry("zip/data/1")
        let start = Int(whole[at + 42]) | Int(whole[at + 43]) << 8
        let (name, extra) = (Int(whole[start + 26]), Int(whole[start + 28]) | Int(whole[start + 29]) << 8)
        let data = start + 30 + name + extra
        try expectRefusal(
            changed(at: data + 5, [whole[data + 5] ^ 1]), "zip/data/1", "checksum", "at byte \(data)")
    }

    @Test func cutArchivesAreRefused() throws {
        for count in stride(from: 4, to: whole.count, by: 97) {
            try expectRefusal(Array(whole.prefix(count)), "file.pth")
        }
    }

    /// Whatever bit is flipped, reading ends with tensors or one of our errors.
    @Test func flippedBitsDoNoHarm() throws {
        for name in ["zip.pth", "legacy.pth", "arrays_2.pkl", "arrays_5.pkl"] {
            let sound = [UInt8](try Golden.data("foreign/\(name)"))
            for position in stride(from: 0, to: sound.count, by: 7) {
                var bytes = sound
                bytes[position] ^= UInt8(1 << (position % 8))
                let path = try folder.write(bytes, "flipped")
                do throws(CheckpointError) {
                    for tensor in try ForeignWeights(path: path).tensors { _ = try tensor.entry(named: "x") }
                } catch {
                    #expect(error.exitCode == 65, "\(name) at \(position): \(error)")
                }
            }
        }
    }

    @Test(arguments: [
        (#"{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,32]}}"#, "16 of data"),
        (#"{"w":{"dtype":"F32","shape":[9223372036854775807,4],"data_offsets":[0,16]}}"#, "needs"),
        (#"{"w":{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}}"#, "w"),
        (#"{"w":{"dtype":"Q4","shape":[4],"data_offsets":[0,16]}}"#, "Q4"),
        (#"{"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16]"#, "file.pth"),
        (#"["w"]"#, "file.pth"),
    ])
    func headersOfSafetensorsThatLieAreRefused(header: String, word: String) throws {
        let json = [UInt8](header.utf8)
        let length = withUnsafeBytes(of: UInt64(json.count).littleEndian) { [UInt8]($0) }
        try expectRefusal(length + json + [UInt8](repeating: 0, count: 16), word)
        try expectRefusal([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F] + json, "header")
    }

    /// Ten million zeros in a frame of a thousand bytes.
    @Test func framesThatUnpackWithoutEndAreRefused() throws {
        let zeros = SafetensorsEntry(
            name: "w", dtype: .uint8, shape: [10_000_000],
            bytes: [UInt8](repeating: 0, count: 10_000_000)[...])
        let path = folder.file("bomb.safetensors.zst")
        try SafetensorsFile.writePacked([zeros], metadata: [:], to: path, level: 1)
        let bomb = try FileContents(path: path, expansionFloor: 1 << 20)
        #expect(
            bomb.fault?.contains("unpacks to more than") == true && bomb.fault?.contains("at byte") == true)
        #expect(bomb.bytes.count < 3_000_000)
        #expect(try FileContents(path: path).fault == nil)
        let sound = try FileContents(
            path: Golden.url("checkpoints/python.safetensors.zst").path, expansionFloor: 0)
        #expect(sound.fault == nil)
    }

    @Test func otherFilesAreRefused() throws {
        try expectRefusal([], "file.pth")
        try expectRefusal([UInt8]("not weights at all\n".utf8), "file.pth")
        let error = #expect(throws: CheckpointError.self) { try ForeignWeights(path: folder.path) }
        #expect(error?.exitCode == 66)
    }
}
