internal import ArgumentParser

struct Finetune: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train a detector on labelled boxes, from pre-trained weights or from scratch, and score it.",
        discussion: """
            EXAMPLES
              mpirun -np 2 aligndet-mpi finetune builtin:quick/finetune.yaml --load-from work_dirs/quick_pretrain/step_450.safetensors.zst
              mpirun -np 16 --hostfile hosts.txt aligndet-mpi finetune configs/finetune/retinanet_r50_1x_coco.yaml --load-from CHECKPOINT
            """)

    @Argument(help: "A recipe (YAML).")
    var config: String

    @OptionGroup var options: TrainingArguments

    func run() throws { try options.run(recipe: config, task: .finetune) }
}
