import Foundation
import TestSupport
import Testing

@testable import Checkpointing

/// Files that PyTorch and numpy wrote: `Golden/foreign`.
@Suite struct ForeignReadingTests {
    private func weights(_ name: String) throws -> ForeignWeights {
        try ForeignWeights(path: Golden.url("foreign/\(name)").path)
    }

    private func expected(_ name: String) throws -> SafetensorsFile {
        try SafetensorsFile(path: Golden.url("foreign/\(name)").path)
    }

    /// Every element type, transposed, permuted, expanded and shared tensors, parameters, a scalar and
    /// nothing at all.
    @Test(arguments: ["zip.pth", "legacy.pth", "expected.safetensors"])
    func tensorsOfPyTorchAreReadBitForBit(name: String) throws {
        let file = try expected("expected.safetensors")
        let tensors = try weights(name).tensors
        #expect(tensors.count == 19)
        #expect(Set(tensors.map(\.name)) == Set(file.entries.map(\.name)))
        for tensor in tensors {
            let (entry, other) = (try tensor.entry(named: tensor.name), try #require(file[tensor.name]))
            #expect(entry.dtype == other.dtype && entry.shape == other.shape, "\(tensor.name)")
            #expect(entry.bytes == other.bytes, "\(tensor.name)")
        }
    }

    @Test(arguments: [2, 4, 5]) func arraysOfNumpyAreReadBitForBit(version: Int) throws {
        let file = try expected("arrays.safetensors")
        let weights = try weights("arrays_\(version).pkl")
        #expect(
            weights.tensors.map(\.name) == ["c", "fortran", "half", "wide", "bytes", "integers", "flags"])
        for tensor in weights.tensors {
            let (entry, other) = (try tensor.entry(named: tensor.name), try #require(file[tensor.name]))
            #expect(entry.dtype == other.dtype && entry.shape == other.shape, "\(tensor.name)")
            #expect(entry.bytes == other.bytes, "\(tensor.name)")
        }
    }

    /// Options, optimizer, random state and a number beyond 64 bits stand beside the model.
    @Test(arguments: ["run.pth", "run_legacy.pth"]) func aTrainingRunsModelIsFound(name: String) throws {
        let file = try expected("run.safetensors")
        let weights = try weights(name)
        #expect(weights.tensors.map(\.name) == ["module.weight", "module.bias"])
        #expect(weights.classNames == ["cell", "grain"])
        for tensor in weights.tensors {
            let other = try #require(file[String(tensor.name.dropFirst(7))])
            #expect(try tensor.entry(named: "").bytes == other.bytes)
        }
    }

    @Test func checksumIsThatOfZip() {
        // The check value of the CRC catalogue.
        let bytes = [UInt8]("123456789".utf8)
        #expect(bytes.withUnsafeBytes { CRC32.checksum($0) } == 0xCBF4_3926)
        #expect([UInt8]().withUnsafeBytes { CRC32.checksum($0) } == 0)
    }

    @Test func whatIsWrittenForPyTorchAndDetectron2ReadsBack() throws {
        let folder = try TemporaryFolder()
        let entries = try expected("expected.safetensors").entries
        try TorchWriter.write(entries, root: "state_dict", to: folder.file("a.pth"))
        try ArrayPickleWriter.write(entries.filter { $0.dtype != .bfloat16 }, to: folder.file("a.pkl"))
        for (name, count) in [("a.pth", 19), ("a.pkl", 18)] {
            let weights = try ForeignWeights(path: folder.file(name))
            #expect(weights.tensors.count == count)
            for tensor in weights.tensors {
                let other = try #require(entries.first { $0.name == tensor.name })
                #expect(tensor.shape == other.shape && tensor.dtype == other.dtype)
                #expect(try tensor.entry(named: "").bytes == other.bytes, "\(tensor.name)")
            }
        }
    }
}
