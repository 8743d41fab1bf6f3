import Foundation
import FoundationXML
import Testing

extension ProgramTests {
    /// `print-config`, `plot`, `doctor`, `proposals`.
    @Suite struct InspectionVerbTests {
        private let folder: WorkFolder

        init() throws { folder = try WorkFolder() }

        private func run(_ arguments: [String], ranks: Int? = nil) throws -> Outcome {
            let outcome = try Program.run(arguments, ranks: ranks, in: folder.path)
            try #require(outcome.status == 0, "\(outcome)")
            return outcome
        }

        private static var recipes: [String] {
            let configs = "\(Program.root)/configs"
            let files = (try? FileManager.default.subpathsOfDirectory(atPath: configs)) ?? []
            let own = files.filter {
                $0.hasSuffix(".yaml") && !$0.contains("_base_/") && !$0.hasPrefix("quick/")
            }
            return ["pretrain", "finetune", "scratch"].map { "builtin:quick/\($0).yaml" }
                + own.sorted().map { "\(configs)/\($0)" }
        }

        @Test func aPrintedConfigurationLoadsAgainToTheSameText() throws {
            #expect(Self.recipes.count >= 6)
            for recipe in Self.recipes {
                let text = try run(["print-config", recipe]).output
                #expect(text.contains("optimizer:") && text.contains("schedule:"))
                try folder.write(text, "printed.yaml")
                #expect(try run(["print-config", "printed.yaml"]).output == text, "\(recipe)")
            }
            let changed = try run(["print-config", "printed.yaml", "--cfg-options", "optimizer.lr=0.0125"])
                .output
            #expect(changed.contains("lr: 0.0125"))
        }

        @Test func aRunsOwnConfigurationIsWhatItRanWith() throws {
            let options = try SmallRuns.pretraining(["run.seed=7"])
            _ = try run(["pretrain", "--work-dir", "run", "--max-steps", "1"] + options)
            let text = try folder.text("run/config.yaml")
            #expect(text == (try run(["print-config"] + options).output))
            #expect(text == (try run(["print-config", "run/config.yaml"]).output))
            let shown = try run(["ckpt", "show", "--config", "run/step_1.safetensors.zst"]).output
            #expect(shown.contains(text) && shown.contains("step 1, epoch 0, seed 7"))
        }

        /// Collects the texts of a document.
        private final class TextReader: NSObject, XMLParserDelegate {
            private(set) var texts: [String] = []
            private(set) var elements: [String: Int] = [:]
            private var current = ""

            func parser(
                _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
                qualifiedName: String?,
                attributes: [String: String]
            ) {
                elements[name, default: 0] += 1
                current = ""
            }

            func parser(_ parser: XMLParser, foundCharacters text: String) { current += text }

            func parser(
                _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
            ) {
                if name == "text" { texts.append(current) }
                current = ""
            }
        }

        @Test func aPlotIsWellFormedAndNamesItsRuns() throws {
            let work = try SmallRuns.finetuned.get()
            let names = ["first", "a & b <\"c\">"]
            for name in names { try FileManager.default.copyItem(atPath: work, toPath: folder.file(name)) }
            let table = try run(["plot"] + names + ["--out", "curves.svg", "--table"]).output
            for name in names { #expect(table.contains(name)) }
            let parser = XMLParser(data: try folder.bytes("curves.svg"))
            let reader = TextReader()
            parser.delegate = reader
            #expect(parser.parse(), "\(parser.parserError.map { "\($0)" } ?? "")")
            #expect(reader.elements["svg"] == 1)
            for name in names { #expect(reader.texts.contains(name), "\(reader.texts)") }
            for title in ["loss (smoothed)", "learning rate", "AP50"] {
                #expect(reader.texts.contains(title))
            }
            // Six panels, a curve for each run in each.
            #expect(reader.elements["polyline"] == 12)
        }

        @Test func plottingWhatIsNoRunIsRefused() throws {
            try expectRefusal(
                ["plot", "nowhere", "--out", "curves.svg"], status: 66, words: ["nowhere/metrics.jsonl"],
                in: folder)
            #expect(folder.names().isEmpty)
        }

        @Test(arguments: [nil, 1, 2, 4]) func doctorPrintsARowForEachRank(ranks: Int?) throws {
            let output = try run(["doctor"], ranks: ranks).output
            let rows = output.split(separator: "\n").compactMap {
                $0.firstMatch(of: #/^rank (\d+)  host/#)?.1
            }
            #expect(rows.map(String.init) == (0..<(ranks ?? 1)).map { "\($0)" }, "\(output)")
            #expect(output.contains("threads 1"))
        }

        @Test func proposalsAreTheSameBytesForAnyNumberOfRanks() throws {
            let photographs = try Photographs(count: 10, in: folder.file("data"))
            func proposals(_ ranks: Int?) throws -> Data {
                _ = try run(
                    [
                        "proposals", photographs.annotations, "--images", photographs.images, "--out",
                        "p.json",
                        "--short-side", "96", "--top-k", "20",
                    ], ranks: ranks)
                return try folder.bytes("p.json")
            }
            let alone = try proposals(nil)
            let file = try COCOFile.read(folder.file("p.json"))
            #expect(file.images.count == 10 && file.annotations.count > 100)
            for ranks in [1, 2, 4] { #expect(try proposals(ranks) == alone, "\(ranks) ranks") }
            #expect(folder.names() == ["data", "p.json"])
        }
    }
}
