import Foundation
import Testing

extension ProgramTests {
    /// A data set's JSON is read by one rank, once.
    @Suite struct DataIndexTests {
        private let folder: WorkFolder

        init() throws { folder = try WorkFolder() }

        private func train(_ photographs: Photographs, _ work: String, index: String) throws -> Outcome {
            let outcome = try Program.run(
                ["finetune", SmallRuns.finetuning, "--work-dir", work, "--max-steps", "2"]
                    + SmallRuns.finetuning(photographs.trainingOverrides), ranks: 2,
                environment: ["ALIGNDET_INDEX=\(index)"], in: folder.path)
            try #require(outcome.status == 0, "\(outcome)")
            return outcome
        }

        /// Names and file numbers: a file that is written anew has another one.
        private func indices() throws -> [String: Int] {
            let own = "index/aligndet-mpi-\(geteuid())"
            return try Dictionary(
                uniqueKeysWithValues: folder.names(own).map { name in
                    let attributes = try FileManager.default.attributesOfItem(
                        atPath: folder.file("\(own)/\(name)"))
                    return (name, try #require(attributes[.systemFileNumber] as? Int))
                })
        }

        @Test func ranksAndRunsShareOneIndex() throws {
            let photographs = try Photographs(count: 8, in: folder.path)
            try FileManager.default.createDirectory(
                atPath: folder.file("index"), withIntermediateDirectories: true)
            _ = try train(photographs, "first", index: "index")
            let made = try indices()
            #expect(made.count == 1 && made.keys.first?.hasPrefix("instances-") == true, "\(made)")
            _ = try train(photographs, "again", index: "index")
            #expect(try indices() == made)
            // Without a place for it, every rank reads for itself, and trains on the same.
            let without = try train(photographs, "without", index: "no/such/folder")
            #expect(without.errors.contains("no index of \(photographs.annotations) is kept"), "\(without)")
            let losses = try Metrics(folder.file("first")).losses
            #expect(losses.count == 2)
            for run in ["again", "without"] {
                #expect(try Metrics(folder.file(run)).losses == losses)
            }
            var file = try COCOFile.read(photographs.annotations)
            file.annotations.removeLast(file.annotations.count / 2)
            try file.write(photographs.annotations)
            _ = try train(photographs, "other", index: "index")
            #expect(try indices() != made && indices().keys == made.keys)
            #expect(try Metrics(folder.file("other")).losses != losses)
        }
    }
}
