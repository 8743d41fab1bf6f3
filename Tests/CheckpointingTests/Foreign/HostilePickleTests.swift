import Foundation
import TestSupport
import Testing

@testable import Checkpointing

/// Pickles that would run a program, eat memory or lie about sizes: refused with the byte where it stands.
@Suite struct HostilePickleTests {
    private typealias P = PickleBytes
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// Fails unless the file is refused as damaged, with `words` and the byte.
    private func expectRefusal(
        _ bytes: [UInt8], _ words: String..., at position: Int? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let path = try folder.write(bytes, "file.pkl")
        let error = #expect(throws: CheckpointError.self, sourceLocation: sourceLocation) {
            for tensor in try ForeignWeights(path: path).tensors { _ = try tensor.entry(named: "x") }
        }
        #expect(error?.exitCode == 65, sourceLocation: sourceLocation)
        for word in words + (position.map { ["at byte \($0)"] } ?? []) {
            #expect(
                error?.description.contains(word) == true, "\(error as Any)", sourceLocation: sourceLocation)
        }
    }

    /// What each would do in Python is to make this file.
    @Test(arguments: [
        ("os", "system"), ("posix", "system"), ("builtins", "eval"), ("builtins", "exec"),
        ("__builtin__", "eval"),
        ("subprocess", "Popen"), ("torch.hub", "load"), ("runpy", "run_path"), ("builtins", "__import__"),
        ("torch._utils", "_rebuild_tensor_v2.__globals__"), ("torch", "load"), ("pickle", "loads"),
    ])
    func functionsAreNeverCalled(module: String, name: String) throws {
        let marker = folder.file("executed")
        let call = P.global(module, name) + P.tuple(P.text("touch \(marker)")) + [0x52]
        try expectRefusal(P.start + P.dictionary("w", call) + P.stop, "'\(module).\(name)'", "GLOBAL", at: 9)
        let stacked = P.text(module) + P.text(name) + [0x93] + P.tuple(P.text("touch \(marker)")) + [0x52]
        try expectRefusal(
            P.start + P.dictionary("w", stacked) + P.stop, "STACK_GLOBAL", "'\(module).\(name)'",
            at: 9 + 10 + module.utf8.count + name.utf8.count)
        #expect(!FileManager.default.fileExists(atPath: marker))
    }

    @Test func theResultOfACallIsNotCalled() throws {
        let dictionary = P.global("collections", "OrderedDict") + [0x29, 0x52]
        let nested = dictionary + [0x29, 0x52]
        try expectRefusal(P.start + nested + P.stop, "REDUCE", "calls a dict", at: 2 + nested.count - 1)
        let storage = P.global("torch", "FloatStorage") + [0x29, 0x52]
        try expectRefusal(P.start + storage + P.stop, "REDUCE", at: 2 + storage.count - 1)
    }

    /// `getattr` is known for the functions of inert classes alone.
    @Test func attributesOfOtherThingsAreRefused() throws {
        let attribute = P.global("builtins", "getattr")
        let dictionary = P.global("collections", "OrderedDict")
        let call = attribute + P.tuple(dictionary, P.text("__init__")) + [0x52]
        try expectRefusal(P.start + call + P.stop, "REDUCE", "attribute", at: 2 + call.count - 1)
    }

    @Test func instructionsOutsideTheListAreNamed() throws {
        try expectRefusal(P.start + [0x28] + [UInt8]("ios\nsystem\n".utf8) + P.stop, "INST", at: 3)
        try expectRefusal(P.start + [0x28, 0x4E, 0x6F] + P.stop, "OBJ", at: 4)
        try expectRefusal(P.start + [0x82, 1] + P.stop, "EXT1", at: 2)
        try expectRefusal(P.start + [0x4E, 0x29, 0x7D, 0x92] + P.stop, "NEWOBJ_EX", at: 5)
        try expectRefusal(P.start + [UInt8]("I1\n".utf8) + P.stop, "INT", at: 2)
        try expectRefusal(P.start + [0xFF] + P.stop, "0xff", at: 2)
        try expectRefusal([0x80, 1] + P.stop, "PROTO", at: 0)
    }

    @Test func containersTakeOnlyWhatIsTheirs() throws {
        try expectRefusal(
            P.start + [0x5D] + P.text("k") + P.number(1) + [0x73] + P.stop, "SETITEM", "a list", at: 14)
        try expectRefusal(
            P.start + [0x5D, 0x28] + P.text("k") + P.number(1) + [0x75] + P.stop, "SETITEMS", "a list", at: 15
        )
        try expectRefusal(P.start + [0x7D, 0x4E, 0x61] + P.stop, "APPEND", "a dict", at: 4)
        try expectRefusal(P.start + [0x5D, 0x7D, 0x62] + P.stop, "BUILD", "a list", at: 4)
        try expectRefusal(
            P.start + [0x7D, 0x28, 0x4E, 0x75] + P.stop, "SETITEMS", "key without a value", at: 5)
    }

    @Test func theStackCannotBeEmptied() throws {
        try expectRefusal(P.start + [0x30] + P.stop, "POP", "empty", at: 2)
        try expectRefusal(P.start + [0x4E, 0x28, 0x52] + P.stop, "REDUCE", "empty", at: 4)
        try expectRefusal(P.start + [0x74] + P.stop, "TUPLE", "no mark", at: 2)
        try expectRefusal(P.start + [0x68, 7] + P.stop, "BINGET", "place 7", at: 2)
        try expectRefusal(P.start + P.stop, "STOP", "empty", at: 2)
    }

    @Test func cutPicklesNameTheirEnd() throws {
        let whole = [UInt8](try Golden.data("foreign/arrays_4.pkl"))
        for count in [3, 40, 100, 300, whole.count / 2, whole.count - 1] {
            try expectRefusal(Array(whole.prefix(count)), "cut short")
        }
        try expectRefusal(P.start + [0x58, 0xFF, 0xFF, 0xFF, 0x7F, 0x61], "2147483647", at: 7)
        try expectRefusal(
            P.start + [0x8E, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], "18446744073709551615", at: 11)
    }

    /// A million nested tuples, a list that holds itself, and a dict of itself do no harm.
    @Test func depthAndCyclesAreBounded() throws {
        let depth = [UInt8](repeating: 0x85, count: 1_000_000)
        try expectRefusal(P.start + [0x4E] + depth + P.stop, "a tuple")
        try expectRefusal(P.start + [0x5D, 0x71, 0, 0x68, 0, 0x61] + P.stop, "a list")
        try expectRefusal(P.start + [0x7D, 0x71, 0] + P.text("k") + [0x68, 0, 0x73] + P.stop, "no tensors")
        let endless = [UInt8](repeating: 0x4E, count: PickleMachine.operationLimit + 1)
        try expectRefusal(P.start + endless + P.stop, "operations allowed")
    }

    /// A thousand calls that each decode one text of a thousand letters.
    @Test func decodingCannotOutgrowTheFile() throws {
        let text: [UInt8] = [0x58, 0xE8, 3, 0, 0] + [UInt8](repeating: 0x61, count: 1000) + [0x71, 0]
        let once = P.global("_codecs", "encode") + [0x68, 0] + P.text("latin1") + [0x86, 0x52, 0x30]
        let many = [[UInt8]](repeating: once, count: 1000).flatMap { $0 }
        try expectRefusal(P.start + text + many + P.stop, "more bytes than the file has")
    }

    @Test func arraysMustHaveTheirBytes() throws {
        let array =
            P.global("numpy.core.multiarray", "_reconstruct")
            + P.tuple(P.global("numpy", "ndarray"), P.tuple(P.number(0)), P.text("b")) + [0x52]
        let type = P.global("numpy", "dtype") + P.tuple(P.text("f4"), P.number(0), P.number(1)) + [0x52]
        func file(_ shape: [Int32]) -> [UInt8] {
            let state = P.tuple(
                P.number(1), P.tuple(shape.flatMap { P.number($0) }), type, [0x89], [0x55, 4, 0, 0, 0, 0])
            return P.start + P.dictionary("w", array + state + [0x62]) + P.stop
        }
        let good = try ForeignWeights(path: try folder.write(file([1]), "good.pkl"))
        #expect(try good.tensors[0].entry(named: "w").floats() == [0])
        try expectRefusal(file([2]), "F32 [2]", "4 bytes")
        try expectRefusal(file([.max, .max, .max]), "with 4 bytes")
        try expectRefusal(file([-1]), "no shape")
    }

    @Test func storagesMustLieInTheFile() throws {
        func file(_ tensor: [UInt8], claimed: UInt64 = 4, bytes: Int = 16) -> [UInt8] {
            P.legacy(P.dictionary("w", tensor), [("0", claimed, [UInt8](repeating: 0, count: bytes))])
        }
        let good = file(P.tensor(P.storage("0", count: 4), size: 4))
        let weights = try ForeignWeights(path: try folder.write(good, "good.pth"))
        #expect(try weights.tensors[0].entry(named: "w").floats() == [0, 0, 0, 0])
        try expectRefusal(file(P.tensor(P.storage("0", count: 5), size: 4), claimed: 5), "'0'", "F32 [5]")
        try expectRefusal(file(P.tensor(P.storage("0", count: 5), size: 4)), "F32 [5]", "4 elements")
        try expectRefusal(
            file(P.tensor(P.storage("0", count: .max), size: 4), claimed: UInt64(Int32.max)), "'0'")
        try expectRefusal(file(P.tensor(P.storage("1", count: 4), size: 4)), "storage")
        try expectRefusal(Array(good.dropLast()), "'0'")
        try expectRefusal(Array(good.dropLast(20)), "cut short", "'0'")
    }

    @Test func viewsMustLieInTheirStorage() throws {
        func file(_ tensor: [UInt8]) -> [UInt8] {
            P.legacy(P.dictionary("w", tensor), [("0", 4, [UInt8](repeating: 0, count: 16))])
        }
        let storage = P.storage("0", count: 4)
        try expectRefusal(file(P.tensor(storage, size: 5)), "[5]", "storage of 4")
        try expectRefusal(file(P.tensor(storage, offset: 1, size: 4)), "element 1")
        try expectRefusal(file(P.tensor(storage, size: 2, stride: 4)), "[4]")
        try expectRefusal(file(P.tensor(storage, size: -1)), "REDUCE")
        try expectRefusal(file(P.tensor(storage, offset: -1, size: 1)), "REDUCE")
        try expectRefusal(file(P.tensor(storage, size: 2, stride: -1)), "REDUCE")
        // One element, repeated two thousand million times.
        try expectRefusal(file(P.tensor(storage, size: .max, stride: 0)), "2147483647")
    }

    @Test func aPickleAloneHasNoStorages() throws {
        let tensor = P.tensor(P.storage("0", count: 4), size: 4)
        try expectRefusal(P.start + P.dictionary("w", tensor) + P.stop, "BINPERSID")
    }
}
