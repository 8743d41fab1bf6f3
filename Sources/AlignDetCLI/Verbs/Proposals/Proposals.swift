internal import ArgumentParser

struct Proposals: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make box proposals for a data set, check a file of them, or cluster them.",
        discussion: """
            EXAMPLES
              mpirun -np 16 aligndet-mpi proposals instances_train2017.json --images train2017 --out proposals.json
              aligndet-mpi proposals my_photographs --out proposals.json
              mpirun -np 16 aligndet-mpi proposals imagenet/train --mode soco --out train_ratio3size0308post.json
              aligndet-mpi proposals check proposals.json instances_train2017.json --images train2017
              mpirun -np 16 aligndet-mpi proposals cluster proposals.json --images train2017 --out clusters.json
            """,
        subcommands: [MakeProposals.self, CheckProposals.self, ClusterProposals.self],
        defaultSubcommand: MakeProposals.self)
}
