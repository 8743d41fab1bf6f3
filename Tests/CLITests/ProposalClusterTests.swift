import Foundation
import Testing

extension ProgramTests {
    @Suite struct ProposalClusterTests {
        private let folder: WorkFolder

        init() throws { folder = try WorkFolder() }

        private func cluster(_ out: String, _ more: [String] = [], ranks: Int? = nil) throws -> Outcome {
            let outcome = try Program.run(
                [
                    "proposals", "cluster", "proposals.json", "--images", "images", "--out", out,
                    "--clusters", "12",
                    "--components", "16", "--crop", "32", "--top-k", "8",
                ] + more, ranks: ranks, in: folder.path)
            try #require(outcome.status == 0, "\(outcome)")
            return outcome
        }

        /// Proposals of some photographs, and those photographs.
        private func prepare() throws {
            let photographs = try Photographs(count: 40, in: folder.path)
            let outcome = try Program.run(
                [
                    "proposals", photographs.annotations, "--images", photographs.images, "--out",
                    "proposals.json",
                    "--short-side", "96", "--top-k", "12",
                ], in: folder.path)
            try #require(outcome.status == 0, "\(outcome)")
        }

        @Test func clustersAreTheSameForAnyRanksAndTrainADETR() throws {
            try prepare()
            let outcome = try cluster("one.json")
            #expect(outcome.errors.contains("16 of 320 components"))
            for ranks in [2, 3] {
                _ = try cluster("\(ranks).json", ranks: ranks)
                #expect(try folder.bytes("\(ranks).json") == folder.bytes("one.json"))
            }
            let (given, made) = (
                try COCOFile.read(folder.file("proposals.json")), try COCOFile.read(folder.file("one.json"))
            )
            #expect(made.categories.map(\.name) == (1...12).map { "cluster_\($0)" })
            // No cluster is empty, and boxes stay as they were, the first eight of each photograph.
            #expect(Set(made.annotations.map(\.categoryID)) == Set(1...12))
            for image in given.images {
                let before = given.annotations.filter { $0.imageID == image.id }.prefix(8).map(\.bbox)
                #expect(made.annotations.filter { $0.imageID == image.id }.map(\.bbox) == before)
            }
            try train(
                "pretrain", "pretrain/aligndet_detr_r50_50e_coco",
                [
                    "model.head.embedding=16", "data.train.annotations=instances.json",
                    "data.train.proposals=one.json",
                ])
            // Clusters alone, as if they were labels.
            try train(
                "finetune", "direct/detr_r50_pseudo-label_50e_coco",
                [
                    "data.train.annotations=one.json", "data.val.annotations=one.json",
                    "data.val.images=images",
                    "data.val.first_images=4", "pipeline.test.short_side=96", "pipeline.test.long_side=160",
                ])
        }

        /// One step of a recipe, its model cut down.
        private func train(_ verb: String, _ recipe: String, _ options: [String]) throws {
            let outcome = try Program.run(
                [
                    verb, "\(Program.root)/configs/\(recipe).yaml", "--work-dir", verb, "--max-steps", "1",
                    "--cfg-options", "model.backbone.name=mobilenet_v2", "model.backbone.frozen_stages=7",
                    "model.backbone.weights=builtin:weights/mobilenetv2_imagenet_backbone.safetensors",
                    "model.head.channels=16", "model.head.heads=2", "model.head.feed_forward=32",
                    "model.head.encoder_layers=1", "model.head.decoder_layers=1", "model.head.classes=12",
                    "data.train.images=images", "pipeline.resize.short_sides=[96]",
                    "pipeline.resize.long_side=160",
                    "batch.global=2", "batch.micro=2",
                ] + options, in: folder.path)
            #expect(outcome.status == 0, "\(outcome)")
        }

        @Test func aSampleForTheComponentsGivesTheSameOnTwoRanks() throws {
            try prepare()
            let outcome = try cluster("one.json", ["--sample", "150"])
            #expect(outcome.errors.contains("features: image"))
            _ = try cluster("two.json", ["--sample", "150"], ranks: 2)
            #expect(try folder.bytes("two.json") == folder.bytes("one.json"))
        }

        @Test func moreClustersThanCropsAreRefused() throws {
            try prepare()
            try expectRefusal(
                [
                    "proposals", "cluster", "proposals.json", "--images", "images", "--out", "x.json",
                    "--clusters",
                    "5000", "--components", "16", "--crop", "32", "--top-k", "8",
                ], status: 65, words: ["5000 clusters", "fewer"], in: folder)
        }
    }
}
