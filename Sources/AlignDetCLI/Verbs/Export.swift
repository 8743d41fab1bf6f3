internal import ArgumentParser
internal import Checkpointing
internal import Training

struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a checkpoint's network for another program.",
        discussion: """
            EXAMPLES
              aligndet-mpi export work_dirs/run/step_90000.safetensors.zst --to mmdet --out retinanet_r50.pth
              aligndet-mpi export retinanet.safetensors --to torchvision --out retinanet.pth
              aligndet-mpi export retinanet.safetensors --to detectron2 --out retinanet.pkl
            """)

    @Argument(help: "A checkpoint, of pre-training or fine-tuning, or imported weights.")
    var file: String

    @Option(help: "The program that shall read it: torchvision, mmdet, detectron2, detr or safetensors.")
    var to: ForeignFamily

    @Option(help: "The file to write: .pth; for detectron2 .pkl or .pth; .safetensors.")
    var out: String

    @Flag(help: "The network shall read blue, green, red: turn its first convolution round.")
    var bgr = false

    @Flag(help: "Leave out tensors that have no name there.")
    var noStrict = false

    func validate() throws {
        if to.isBackboneOnly {
            throw ValidationError("--to takes torchvision, mmdet, detectron2, detr or safetensors")
        }
    }

    func run() throws {
        let weights = try WeightExport(path: file, family: to, reversesInputs: bgr)
        print(weights.report.text)
        try weights.write(to: out, isStrict: !noStrict)
        print("wrote \(out)")
    }
}
