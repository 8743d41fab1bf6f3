internal import ArgumentParser

struct Pretrain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Pre-train neck and head on unlabelled images with proposals (AlignDet).",
        discussion: """
            Without a recipe, the built-in quick one runs on the built-in photographs.

            EXAMPLES
              mpirun -np 2 aligndet-mpi pretrain
              mpirun -np 16 --hostfile hosts.txt aligndet-mpi pretrain configs/pretrain/aligndet_retinanet_r50_1x_coco.yaml
              aligndet-mpi pretrain RECIPE.yaml --cfg-options optimizer.lr=0.005 run.loader_threads=2 --resume
            """)

    @Argument(help: "A recipe (YAML).")
    var config: String = BuiltIn.quickPretraining

    @OptionGroup var options: TrainingArguments

    func run() throws { try options.run(recipe: config, task: .pretrain) }
}
