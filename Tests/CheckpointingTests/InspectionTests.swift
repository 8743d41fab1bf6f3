import Foundation
import TestSupport
import Testing

@testable import Checkpointing

@Suite struct InspectionTests {
    private struct Expected: Decodable {
        struct Normal: Decodable {
            let norm, min, max, mean: Double
        }
        let normal: Normal
    }

    private func golden() throws -> SafetensorsFile {
        try SafetensorsFile(path: Golden.url("checkpoints/python.safetensors").path)
    }

    @Test func statisticsAgreeWithNumPy() throws {
        let expected = try JSONDecoder().decode(Expected.self, from: Golden.data("checkpoints/expected.json"))
            .normal
        let inspection = CheckpointInspection(try golden())
        let found = try #require(inspection.rows.first { $0.name == "normal" }?.statistics)
        #expect(abs(found.norm - expected.norm) < 1e-12)
        #expect(found.minimum == expected.min)
        #expect(found.maximum == expected.max)
        #expect(abs(found.mean - expected.mean) < 1e-12)
        #expect(found.nonFiniteCount == 0)
        #expect(inspection.elementCount == 2 + 12 + 4 + 4 + 2 + 2 + 3 + 3 + 1 + 0 + 1 + 35)
        #expect(inspection.byteCount == 16 + 48 + 8 + 8 + 16 + 8 + 3 + 3 + 4 + 0 + 4 + 140)
    }

    @Test func integersAndEmptyTensorsHaveNoStatistics() throws {
        let rows = CheckpointInspection(try golden()).rows
        #expect(rows.map(\.name) == rows.map(\.name).sorted())
        for name in ["int64", "uint8", "bool", "empty"] {
            #expect(try #require(rows.first { $0.name == name }).statistics == nil)
        }
    }

    @Test func nonFiniteNumbersAreCounted() throws {
        let infinite = CheckpointInspection.Statistics([1, .infinity, -2])
        #expect(infinite.nonFiniteCount == 1)
        #expect(infinite.minimum == -2)
        let undefined = CheckpointInspection.Statistics([1, .nan, -.infinity])
        #expect(undefined.nonFiniteCount == 2)
        #expect(undefined.minimum.isNaN && undefined.maximum.isNaN && undefined.mean.isNaN)
    }

    private func file(_ entries: [SafetensorsEntry], _ metadata: [String: String] = [:]) throws
        -> SafetensorsFile
    {
        let layout = SafetensorsLayout(entries, metadata: metadata)
        return try SafetensorsFile(
            bytes: layout.entries.reduce(layout.header) { $0 + $1.bytes }, path: "test")
    }

    @Test func differenceNamesWhatDiffers() throws {
        let first = try file(
            [
                SafetensorsEntry(name: "same", shape: [1], floats: [1]),
                SafetensorsEntry(name: "gone", shape: [1], floats: [1]),
                SafetensorsEntry(name: "shape", shape: [1, 2], floats: [1, 2]),
                SafetensorsEntry(name: "values", shape: [4], floats: [1, 2, 3, 0]),
                SafetensorsEntry(name: "zero", shape: [1], floats: [0]),
                SafetensorsEntry(name: "nan", shape: [2], floats: [.nan, 1]),
            ], ["step": "1", "seed": "7", "digest.same": "a"])
        let second = try file(
            [
                SafetensorsEntry(name: "same", shape: [1], floats: [1]),
                SafetensorsEntry(name: "new", shape: [1], floats: [1]),
                SafetensorsEntry(name: "shape", shape: [2, 1], floats: [1, 2]),
                SafetensorsEntry(name: "values", shape: [4], floats: [1, 2.5, 1, 0]),
                SafetensorsEntry(name: "zero", shape: [1], floats: [-0.0]),
                SafetensorsEntry(name: "nan", shape: [2], floats: [1, 2]),
            ], ["step": "2", "seed": "7", "digest.same": "b"])
        let difference = CheckpointDifference(first, second)
        #expect(difference.rows.map(\.name) == ["gone", "nan", "new", "shape", "values", "zero"])
        #expect(difference.rows[0].kind == .onlyInFirst)
        guard case .values(2, let maximum) = difference.rows[1].kind else {
            Issue.record("nan: \(difference.rows[1].kind)")
            return
        }
        #expect(maximum.isNaN)
        #expect(difference.rows[2].kind == .onlyInSecond)
        #expect(difference.rows[3].kind == .type(first: "F32 [1, 2]", second: "F32 [2, 1]"))
        #expect(difference.rows[4].kind == .values(differingCount: 2, maximum: 2))
        #expect(difference.rows[5].kind == .values(differingCount: 1, maximum: 0))
        #expect(difference.metadataKeys == ["step"])
        #expect(difference.equalCount == 1)
        #expect(CheckpointDifference(first, first).isEmpty)
    }
}
