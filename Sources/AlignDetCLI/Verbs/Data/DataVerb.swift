internal import ArgumentParser

struct DataVerb: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "data", abstract: "Look at a data set, divide it, convert it.",
        discussion: """
            A data set is a COCO or LVIS file, a proposal file, a PASCAL VOC tree, a folder of images, or a folder of such
            folders, one for each class.

            EXAMPLES
              aligndet-mpi data check instances_train.json --images train
              aligndet-mpi data split instances_train2017.json --percent 10 --seed 1 --out semi_supervised
              aligndet-mpi data convert VOCdevkit/VOC2007 --split trainval --out voc07_trainval.json
              aligndet-mpi data browse builtin:quick/pretrain.yaml --out looks
            """,
        subcommands: [CheckData.self, DataStatistics.self, SplitData.self, ConvertData.self, BrowseData.self])
}
