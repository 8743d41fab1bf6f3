import Foundation
import TestSupport
import Testing

@testable import Checkpointing

@Suite struct RelativePositionTableTests {
    private static let name = "backbone.layers.0.blocks.0.attn.relative_position_bias_table"

    private func table(_ values: [Float], _ shape: [Int], name: String = name) -> SafetensorsEntry {
        SafetensorsEntry(name: name, shape: shape, floats: values)
    }

    @Test(arguments: [(6, 7), (12, 7), (7, 12)]) func stretchedTablesArePyTorchs(source: Int, target: Int)
        throws
    {
        let golden = try GoldenTensors("foreign/tables.safetensors")
        let (side, wanted) = (2 * source - 1, 2 * target - 1)
        let values = GoldenWeights.values("table.\(source).\(target)", count: side * side * 3)
        let made = try #require(
            RelativePositionTable(table(values, [side * side, 3]))?.stretched(to: [wanted * wanted, 3]))
        #expect(made.shape == [wanted * wanted, 3])
        expectClose(
            made.floats() ?? [], try golden.floats("\(source).\(target)"), relative: Tolerance.rounding,
            "table")
    }

    @Test func otherTensorsAndHeadsAreLeftAlone() {
        let values = [Float](repeating: 1, count: 75)
        #expect(RelativePositionTable(table(values, [25, 3], name: "backbone.x.weight")) == nil)
        #expect(RelativePositionTable(table(values, [15, 5])) == nil)
        #expect(RelativePositionTable(table(values, [25, 3]))?.stretched(to: [9, 4]) == nil)
        #expect(RelativePositionTable(table(values, [25, 3]))?.stretched(to: [10, 3]) == nil)
        #expect(
            RelativePositionTable(table(values, [25, 3]))?.stretched(to: [9, 3])?.floats()
                == [Float](repeating: 1, count: 27))
    }

    /// A file of SimMIM with windows of 3 for a model with windows of 2.
    @Test func anotherWindowIsInterpolatedAndReported() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("w.safetensors")
        let foreign = "encoder.layers.0.blocks.0.attn."
        try SafetensorsFile.write(
            [
                table((0..<50).map { Float($0) }, [25, 2], name: foreign + "relative_position_bias_table"),
                table([1, 2], [2], name: foreign + "proj.bias"),
                SafetensorsEntry(
                    name: foreign + "relative_position_index", dtype: .int64, shape: [1],
                    bytes: [UInt8](repeating: 0, count: 8)[...]),
                table([1], [1], name: "decoder.0.bias"), table([1], [1], name: "encoder.mask_token"),
            ], metadata: [:], to: path)
        let weights = try ForeignWeights(path: path)
        let names = ForeignFamily.simmim.table(forForeign: weights.tensors.map(\.name))
        func imported(_ shape: [Int]) throws -> (entries: [SafetensorsEntry], report: KeyReport) {
            try WeightTranslation.imported(
                weights, names,
                wanted: [
                    .init(name: Self.name, shape: shape),
                    .init(name: "backbone.layers.0.blocks.0.attn.proj.bias", shape: [2]),
                ],
                reversesInputs: false)
        }
        let (entries, report) = try imported([9, 2])
        #expect(report.isComplete && report.matchedCount == 2 && report.leftOut.count == 3)
        #expect(report.stretched == [.init(name: Self.name, found: [25, 2], wanted: [9, 2])])
        #expect(report.text.contains("stretched   \(Self.name): from [25, 2] to [9, 2]"))
        #expect(entries.first { $0.name == Self.name }?.shape == [9, 2])
        let other = try imported([9, 4]).report
        #expect(
            other.reshaped == [.init(name: Self.name, found: [25, 2], wanted: [9, 4])] && !other.isComplete)
        #expect(try imported([25, 2]).report.stretched.isEmpty)
    }

    /// PyTorch's modules keep the places as a buffer: what they load must have it.
    @Test func placesAreWrittenBesideTheTable() throws {
        let entries = [table([Float](repeating: 0, count: 18), [9, 2])]
        let (written, report) = WeightTranslation.exported(
            entries, .mmdetection(mobileNet: false), addsCounters: true, reversesInputs: false)
        #expect(report.isComplete && report.matchedCount == 1)
        let prefix = "backbone.stages.0.blocks.0.attn.w_msa."
        #expect(
            written.map(\.name)
                == ["relative_position_bias_table", "relative_position_index"].map { prefix + $0 })
        #expect(written[1].shape == [4, 4] && written[1].dtype == .int64)
        #expect(written[1].doubles() == [4, 3, 1, 0, 5, 4, 2, 1, 7, 6, 4, 3, 8, 7, 5, 4])
        let flat = WeightTranslation.exported(
            entries, .torchvisionSwin, addsCounters: true, reversesInputs: false
        ).entries
        #expect(
            flat.map(\.name) == ["bias_table", "index"].map { "features.1.0.attn.relative_position_\($0)" })
        #expect(flat[1].shape == [16])
    }
}
