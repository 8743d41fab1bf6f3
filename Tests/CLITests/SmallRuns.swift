import Foundation

/// The built-in quick recipes cut down to twentieths of a second a step, and what many tests start from.
enum SmallRuns {
    static let finetuning = "builtin:quick/finetune.yaml"

    private static let model = [
        "pipeline.resize.short_sides=[96]", "pipeline.resize.long_side=160", "model.neck.channels=16",
        "model.head.channels=16",
    ]
    private static let embedding = ["model.head.embedding=16", "model.head.projection_hidden=16"]
    /// Every box is let through, so that an untrained detector has a score, too.
    private static let test = [
        "pipeline.test.short_side=96", "pipeline.test.long_side=160", "model.test.score_threshold=0",
    ]

    /// `--cfg-options` of a pre-training. Two steps an epoch.
    static func pretraining(_ more: [String] = []) throws -> [String] {
        ["--cfg-options", "data.train.first_images=16"] + model + embedding
            + ["data.train.proposals=\(try proposals.get())"] + more
    }

    /// `--cfg-options` of a fine-tuning. Two steps an epoch, eight photographs to be scored on.
    static func finetuning(_ more: [String] = []) throws -> [String] {
        let photographs = try validation.get()
        return ["--cfg-options", "data.train.first_images=16"] + model + test
            + photographs.validationOverrides + more
    }

    /// Kept until the tests end.
    private static let folder: String = {
        atexit { SmallRuns.removeFolder() }
        return FileManager.default.temporaryDirectory.appendingPathComponent("aligndet-" + UUID().uuidString)
            .path
    }()

    private static func removeFolder() {
        do { try FileManager.default.removeItem(atPath: folder) } catch { print("\(folder) stays: \(error)") }
    }

    /// Proposals for the built-in training photographs.
    static let proposals = Result {
        let path = "\(try made())/proposals.json"
        let bccd = "\(Program.builtIn)/bccd"
        try succeed([
            "proposals", "\(bccd)/annotations/instances_train.json", "--images", "\(bccd)/images/train",
            "--out", path, "--short-side", "96", "--top-k", "20",
        ])
        return path
    }

    /// The first built-in validation photographs.
    static let validation = Result {
        try Photographs(split: "val", count: 8, in: "\(try made())/validation")
    }

    /// A checkpoint after four steps of pre-training.
    static let pretrained = Result {
        let work = "\(try made())/pretrained"
        try succeed(["pretrain", "--work-dir", work, "--max-steps", "4"] + pretraining())
        return "\(work)/step_4.safetensors.zst"
    }

    /// The work folder of two steps of fine-tuning from there, scored after each.
    static let finetuned = Result {
        let work = "\(try made())/finetuned"
        try succeed(
            [
                "finetune", finetuning, "--load-from", try pretrained.get(), "--work-dir", work,
                "--max-steps", "2",
            ]
                + finetuning(["run.eval_every=1"]))
        return work
    }

    private static func made() throws -> String {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return folder
    }

    private static func succeed(_ arguments: [String]) throws {
        let outcome = try Program.run(arguments, in: try made())
        guard outcome.status == 0 else { throw UnexpectedResult("\(arguments): \(outcome)") }
    }
}
