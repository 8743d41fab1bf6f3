import Checkpointing
import Foundation
import NN
import Tensors
import Testing

@testable import Training

@Suite struct WeightLoadingTests {
    /// Parameters under given names.
    private final class Parts: Module {
        private let parts: [(path: String, parameter: Parameter)]
        private(set) var loadCount = 0

        init(_ shapes: KeyValuePairs<String, [Int]>) {
            parts = shapes.map { ($0.key, Parameter($0.value, .zeros)) }
            for (_, parameter) in parts { parameter.assign(Tensor(repeating: -1, shape: parameter.shape)) }
        }

        func visit(_ visitor: inout ParameterVisitor) {
            for (path, parameter) in parts { visitor.visit(path, parameter) }
            visitor.onLoad { [self] in loadCount += 1 }
        }

        subscript(path: String) -> [Float] { parts.first { $0.path == path }?.parameter.value.values ?? [] }
    }

    /// A file of tensors that count from 0 on.
    private func file(_ shapes: KeyValuePairs<String, [Int]>) throws -> SafetensorsFile {
        try file(
            shapes.map { name, shape in
                SafetensorsEntry(name: name, shape: shape, floats: (0..<shape.reduce(1, *)).map { Float($0) })
            })
    }

    private func file(_ entries: [SafetensorsEntry]) throws -> SafetensorsFile {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(
            UUID().uuidString + ".safetensors"
        ).path
        try SafetensorsFile.write(entries, metadata: [:], to: path)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try SafetensorsFile(path: path)
    }

    /// Fails unless `body` throws bad input with a line that holds the file's path and all words.
    private func expectBadInput(
        _ file: SafetensorsFile, _ words: [String], sourceLocation: SourceLocation = #_sourceLocation,
        _ body: (SafetensorsFile) throws -> Void
    ) {
        do {
            try body(file)
            Issue.record("nothing was thrown", sourceLocation: sourceLocation)
        } catch let error as TrainingError {
            #expect(error.kind == .badInput, sourceLocation: sourceLocation)
            for word in [file.path] + words {
                #expect(
                    "\(error)".contains(word), "'\(word)' is not in: \(error)", sourceLocation: sourceLocation
                )
            }
        } catch {
            Issue.record("\(error)", sourceLocation: sourceLocation)
        }
    }

    private var network: Parts {
        Parts([
            "neck.lateral.weight": [2, 2], "neck.lateral.bn.weight": [2], "head.retina_cls.weight": [3],
            "head.retina_reg.weight": [4],
        ])
    }

    @Test func lastLayersStartFreshUnlessKept() throws {
        let file = try file([
            "neck.lateral.weight": [2, 2], "head.retina_cls.weight": [3], "head.retina_reg.weight": [5],
            "target.x": [1],
        ])
        let network = network
        let report = try WeightLoading.load(file, into: network, keepsLastLayers: false)
        #expect(
            network["neck.lateral.weight"] == [0, 1, 2, 3]
                && network["head.retina_cls.weight"] == [-1, -1, -1])
        #expect(report.matchedCount == 1 && report.unexpectedCount == 3 && report.reshaped.isEmpty)
        #expect(
            report.missing == ["neck.lateral.bn.weight", "head.retina_cls.weight", "head.retina_reg.weight"])
        #expect(network.loadCount == 1)

        let kept = self.network
        let second = try WeightLoading.load(file, into: kept, keepsLastLayers: true)
        #expect(
            kept["head.retina_cls.weight"] == [0, 1, 2] && kept["head.retina_reg.weight"] == [-1, -1, -1, -1])
        #expect(second.matchedCount == 2 && second.unexpectedCount == 1)
        #expect(second.missing == ["neck.lateral.bn.weight"] && second.reshaped == ["head.retina_reg.weight"])
        #expect(
            second.summary
                == "2 tensors loaded; 1 start fresh: neck.lateral.bn.weight; 1 differ in shape and start "
                + "fresh: head.retina_reg.weight; 1 not needed")
    }

    @Test func aMissingTensorIsNamed() throws {
        let incomplete = try file(["head.retina_cls.weight": [3]])
        expectBadInput(incomplete, ["'neck.lateral.weight'", "not there"]) {
            _ = try WeightLoading.load($0, into: network, keepsLastLayers: false)
        }
        // To resume, last layers and norms must be there too.
        expectBadInput(try file(["neck.lateral.weight": [2, 2]]), ["'neck.lateral.bn.weight'"]) {
            try WeightLoading.restore(network.namedTensors, from: $0)
        }
    }

    @Test func anotherShapeIsNamedWithBoth() throws {
        let turned = try file(["neck.lateral.weight": [4, 1], "neck.lateral.bn.weight": [2]])
        let words = ["'neck.lateral.weight'", "[4, 1]", "[2, 2]"]
        expectBadInput(turned, words) { _ = try WeightLoading.load($0, into: network, keepsLastLayers: true) }
        expectBadInput(turned, words) { try WeightLoading.restore(network.namedTensors, from: $0) }
    }

    @Test func anotherTypeIsNamed() throws {
        let entry = SafetensorsEntry(
            name: "neck.lateral.weight", dtype: .float64, shape: [2, 2],
            bytes: [UInt8](repeating: 0, count: 32)[...])
        expectBadInput(try file([entry]), ["'neck.lateral.weight'", "F64", "F32"]) {
            _ = try WeightLoading.load($0, into: network, keepsLastLayers: false)
        }
    }

    @Test func aBackboneIsTakenWithOrWithoutItsPrefix() throws {
        func detector() -> Parts {
            Parts(["backbone.conv1.weight": [2], "backbone.bn1.bias": [1], "neck.x": [1]])
        }
        for prefix in ["", "backbone."] {
            let network = detector()
            let entries = [("conv1.weight", 2), ("bn1.bias", 1), ("fc.weight", 9)].map { name, count in
                SafetensorsEntry(name: prefix + name, shape: [count], floats: (0..<count).map { Float($0) })
            }
            try WeightLoading.loadBackbone(try file(entries), into: network)
            #expect(network["backbone.conv1.weight"] == [0, 1] && network["backbone.bn1.bias"] == [0])
            #expect(network["neck.x"] == [-1] && network.loadCount == 1)
        }
        expectBadInput(try file(["conv1.weight": [2]]), ["1 tensors", "'backbone.bn1.bias'"]) {
            try WeightLoading.loadBackbone($0, into: detector())
        }
        expectBadInput(try file(["conv1.weight": [3], "bn1.bias": [1]]), ["'conv1.weight'", "[3]", "[2]"]) {
            try WeightLoading.loadBackbone($0, into: detector())
        }
    }
}
