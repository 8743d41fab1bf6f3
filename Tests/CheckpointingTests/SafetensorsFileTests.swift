import Foundation
import TestSupport
import Testing

@testable import Checkpointing

@Suite struct SafetensorsFileTests {
    @Test(arguments: ["python.safetensors", "python.safetensors.zst"])
    func readsFilesOfThePythonLibrary(name: String) throws {
        let file = try CheckpointReader(path: Golden.url("checkpoints/\(name)").path).file
        func values(_ name: String) throws -> [Double] { try #require(file[name]).doubles() }

        #expect(file.entries.count == 12)
        #expect(file.metadata == ["note": "made elsewhere", "text": "line\ntwo \"ü\" \\ 😀"])
        #expect(try values("float64") == [0.1, -1e300])
        #expect(try values("float32") == (0..<12).map { Double($0) / 4 - 1 })
        #expect(file["float32"]?.shape == [3, 4])
        #expect(try values("float16") == [1, -2.5, 65504, 5.9604644775390625e-08])
        #expect(try values("bfloat16") == [1, -2.5, 3.140625, .infinity])
        #expect(try values("int64") == [-1, 1_099_511_627_776])
        #expect(try values("int32") == [-7, 2_147_483_647])
        #expect(try values("uint8") == [0, 200, 255])
        #expect(try values("bool") == [1, 0, 1])
        #expect(try values("scalar") == [0.5])
        #expect(file["scalar"]?.shape == [])
        #expect(file["empty"]?.shape == [0, 4])
        #expect(try values("odd \"name\" ü/\n") == [42])
        #expect(file["bfloat16"]?.floats() == [1, -2.5, 3.140625, .infinity])
        #expect(file["int32"]?.floats() == nil)
    }

    @Test func refusesAFrameWithoutChecksum() throws {
        let path = Golden.url("checkpoints/unchecked.safetensors.zst").path
        let error = #expect(throws: CheckpointError.self) { try CheckpointReader(path: path) }
        #expect(error?.message.contains("no checksum") == true)
    }

    @Test func layoutDoesNotDependOnTheOrderGiven() throws {
        let entries = CheckpointSnapshot.sample(step: 1).entries
        let one = SafetensorsLayout(entries, metadata: ["b": "1", "a": "2"])
        let other = SafetensorsLayout(entries.reversed(), metadata: ["a": "2", "b": "1"])
        #expect(one.header == other.header)
        #expect(one.header.count % 8 == 0)
        #expect(one.entries.map(\.name) == ["head.bias", "neck.weight", "nothing", "mask"])
    }

    /// A file of one header and some bytes of data.
    private func parse(_ json: String, dataCount: Int) throws -> SafetensorsFile {
        let header = [UInt8](json.utf8)
        let length = withUnsafeBytes(of: UInt64(header.count).littleEndian) { [UInt8]($0) }
        return try SafetensorsFile(
            bytes: length + header + [UInt8](repeating: 0, count: dataCount), path: "test.safetensors")
    }

    @Test func headerEscapesAndPaddingAreRead() throws {
        let json = #"{ "\u00fc\ud83d\ude00\/": {"shape":[ ],"data_offsets":[0,4], "dtype":"F32"} }   "#
        #expect(try parse(json, dataCount: 4).entries.map(\.name) == ["ü😀/"])
        #expect(try parse("{}", dataCount: 0).entries.isEmpty)
    }

    struct Broken: Sendable, CustomTestStringConvertible {
        let json: String
        var dataCount = 8
        let tensor: String?
        let message: String
        var testDescription: String { message }
    }

    private static func tensor(_ name: String, _ begin: Int, _ end: Int, dtype: String = "U8") -> String {
        "\"\(name)\":{\"dtype\":\"\(dtype)\",\"shape\":[\(end - begin)],\"data_offsets\":[\(begin),\(end)]}"
    }

    static let broken: [Broken] = [
        Broken(json: "{\(tensor("a", 0, 5)),\(tensor("b", 4, 8))}", tensor: "b", message: "overlaps"),
        Broken(json: "{\(tensor("a", 0, 4)),\(tensor("b", 5, 8))}", tensor: "b", message: "leaves a gap"),
        Broken(
            json: "{\(tensor("a", 0, 4)),\(tensor("b", 4, 9))}", tensor: "b", message: "do not lie within"),
        Broken(json: "{\(tensor("a", 0, 4))}", tensor: nil, message: "4 bytes follow the last tensor"),
        Broken(json: "{\(tensor("a", 0, 8, dtype: "F32"))}", tensor: "a", message: "needs 32"),
        Broken(json: "{\(tensor("a", 0, 8, dtype: "C64"))}", tensor: "a", message: "element type C64"),
        Broken(json: "{\(tensor("a", 0, 4)),\(tensor("a", 4, 8))}", tensor: "a", message: "occurs twice"),
        Broken(json: #"{"a":{"dtype":"U8","shape":[8]}}"#, tensor: "a", message: "lacks"),
        Broken(
            json: #"{"a":{"dtype":"U8","shape":[8],"data_offsets":[8,0]}}"#, tensor: "a",
            message: "do not lie within"),
        Broken(
            json: #"{"a":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,8]}}"#, tensor: "a",
            message: "more than 2^63"),
        Broken(
            json: #"{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8],"x":1}}"#, tensor: "a",
            message: "unexpected or repeated key 'x'"),
        Broken(
            json: #"{"a":{"dtype":"U8","shape":[-8]}}"#, tensor: "a", message: "a count expected at byte 28"),
        Broken(json: #"{"__metadata__":{"k":1}}"#, tensor: nil, message: "expected at byte 21"),
        Broken(json: #"{"__metadata__":{"k":"1","k":"2"}}"#, tensor: nil, message: "'k' occurs twice"),
        Broken(json: #"{"a"#, tensor: nil, message: "a string without an end"),
        Broken(json: "{} x", tensor: nil, message: "something follows"),
        Broken(json: "{\"\\ud83d\":{}}", tensor: nil, message: "half a surrogate pair"),
    ]

    @Test(arguments: broken) func refusesBrokenHeaders(_ broken: Broken) throws {
        let error = #expect(throws: CheckpointError.self) {
            try parse(broken.json, dataCount: broken.dataCount)
        }
        #expect(error?.kind == .damaged)
        #expect(error?.tensor == broken.tensor)
        #expect(error?.message.contains(broken.message) == true, "\(error?.message ?? "")")
    }

    @Test func refusesHeadersThatAreTooLongOrCutShort() throws {
        let long: [UInt8] = [1, 0xE1, 0xF5, 5, 0, 0, 0, 0]
        let tooLong = #expect(throws: CheckpointError.self) { try SafetensorsFile(bytes: long, path: "x") }
        #expect(tooLong?.message.contains("100000001 bytes, where 100000000") == true)
        let cut = #expect(throws: CheckpointError.self) {
            try SafetensorsFile(bytes: [9, 0, 0, 0, 0, 0, 0, 0, 1], path: "x")
        }
        #expect(cut?.message.contains("cut short") == true)
        #expect(throws: CheckpointError.self) { try SafetensorsFile(bytes: [1, 2], path: "x") }
    }

    @Test func plainFileIsReadBackBitForBit() throws {
        let folder = try TemporaryFolder()
        let nan = SafetensorsEntry(
            name: "nan", dtype: .float32, shape: [2], bytes: [0x01, 0x00, 0xA0, 0x7F, 0xEF, 0xBE, 0xED, 0xFF])
        try SafetensorsFile.write([nan], metadata: ["arch": "x"], to: folder.file("w.safetensors"))
        let file = try CheckpointReader(path: folder.file("w.safetensors")).file
        #expect(file["nan"]?.bytes == nan.bytes)
        #expect(file.metadata == ["arch": "x"])
        #expect(try folder.names() == ["w.safetensors"])
    }
}
