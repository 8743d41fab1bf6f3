internal import ArgumentParser
internal import Checkpointing
internal import Foundation
internal import Training

struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Read another program's weights: .pth, .pkl or .safetensors; nothing in the file is executed.",
        discussion: """
            EXAMPLES
              aligndet-mpi import resnet50-0676ba61.pth --from torchvision --out weights/resnet50_imagenet.safetensors
              aligndet-mpi import retinanet.pth --from torchvision --model retinanet_resnet50_fpn --out retinanet.safetensors
              aligndet-mpi import epoch_12.pth --from mmdet --config configs/finetune/retinanet_r50_1x_coco.yaml --out w.safetensors

            A detector is written with its configuration: detect, eval and finetune --load-from take the file directly.
            """)

    @Argument(help: "The file.")
    var file: String

    @Option(help: "The program whose names the file has.")
    var from: ForeignFamily

    @Option(
        help: """
            What the file holds: fcos_resnet50_fpn, retinanet_resnet50_fpn, fasterrcnn_resnet50_fpn or
            maskrcnn_resnet50_fpn (torchvision), retinanet_r50_fpn, faster_rcnn_r50_fpn, mask_rcnn_r50_fpn,
            cascade_rcnn_r50_fpn, cascade_mask_rcnn_r50_fpn or detr_r50 (mmdet), retinanet_R_50_FPN (detectron2),
            detr_resnet50 (detr), or a backbone (resnet18, resnet34, resnet50, resnet101, mobilenet_v2, swin_t, swin_s,
            swin_b, swin_l). A backbone is found out without it.
            """)
    var model: String?

    @Option(help: "A fine-tuning recipe (YAML) whose model the file holds, instead of --model.")
    var config: String?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Override keys of the recipe or model.", valueName: "k=v"))
    var cfgOptions: [String] = []

    @Option(help: "The file to write: .safetensors, or .safetensors.zst.")
    var out: String

    @Flag(help: "The network reads blue, green, red: turn its first convolution round.")
    var bgr = false

    @Flag(help: "Write what matches even if tensors are missing, unexpected or of another shape.")
    var noStrict = false

    func validate() throws {
        if model != nil, config != nil {
            throw ValidationError("--model and --config say the same: give one")
        }
        if config == nil, model == nil, !cfgOptions.isEmpty {
            throw ValidationError("--cfg-options goes with --model or --config")
        }
        if from.isBackboneOnly, config != nil {
            throw ValidationError(
                "--from \(from.rawValue) holds backbones alone, and --config is a whole detector")
        }
    }

    func run() throws {
        let weights = try WeightImport(
            path: file, family: from, model: try chosenModel(), reversesInputs: bgr)
        print("\(file): \(weights.modelName) of \(from.rawValue)")
        print(weights.report.text)
        try weights.write(to: out, isStrict: !noStrict)
        print("wrote \(out)")
    }

    private func chosenModel() throws -> WeightImport.Model {
        if let config { return .detector(try recipe(config)) }
        guard let model else { return .found }
        if let name = BackboneConfig.Name(rawValue: model), cfgOptions.isEmpty { return .backbone(name) }
        let path = "builtin:models/\(model).yaml"
        let isKnown =
            !model.contains("/")
            && FileManager.default.fileExists(atPath: "\(BuiltIn.root)/models/\(model).yaml")
        guard isKnown else {
            throw UsageError(
                description: "--model \(model) is none of those that --help lists; --config takes any recipe")
        }
        return .detector(try recipe(path))
    }

    private func recipe(_ path: String) throws -> RunConfig {
        let config = try RunConfig.load(path: path, overrides: cfgOptions, builtInRoot: BuiltIn.root)
        guard config.task == .finetune else {
            throw UsageError(
                description: "\(path) is a recipe for \(config.task.rawValue): its model cannot detect")
        }
        return config
    }
}

extension ForeignFamily: ExpressibleByArgument {}
