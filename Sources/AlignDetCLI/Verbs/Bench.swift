internal import ArgumentParser

struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Time the layers of the program on this machine: one JSON line for each case.",
        discussion: """
            `floor_s` is what the counted operations would take at the rate of a large matrix product, measured in the
            same run before and after the case (`matmul_flops_per_s`); `share_of_floor` is floor_s / median_s.

            EXAMPLES
              aligndet-mpi bench step configs/pretrain/aligndet_retinanet_r50_1x_coco.yaml --size 480x640 --batch 2
              aligndet-mpi bench backbone configs/pretrain/aligndet_retinanet_r50_1x_coco.yaml --size 480x640 --batch 2
              aligndet-mpi bench conv --match head --threads 1
              mpirun -np 2 aligndet-mpi bench allreduce --bytes 16384,16777216
              mpirun -np 2 aligndet-mpi bench scaling configs/pretrain/aligndet_retinanet_r18_1x_coco.yaml --threads 1
            """,
        subcommands: [
            ConvolutionBench.self, OperationBench.self, StepBench.self, ScalingBench.self, BackboneBench.self,
            LoaderBench.self, ScoreBench.self, AllReduceBench.self,
        ])
}
