package import Collectives
package import DetectionData

extension ImageList {
    /// Id, name and size of all images, on all ranks; headers that have to be read are shared among ranks and threads.
    /// - Throws: where ranks see different lists, and naming the first file whose header cannot be read.
    package func records(
        orientation: ImageFile.Orientation, threadCount: Int, communicator: any Communicator
    ) throws -> [COCOAnnotations.ImageRecord] {
        let topology = communicator.topology
        guard layout != .coco, topology.size > 1 else {
            return try records(0..<count, orientation: orientation, threadCount: threadCount)
        }
        var names = FNVHash()
        for name in self.names { names.add(name.utf8) }
        try communicator.agree(on: names.value, what: "images of \(source)")
        let share = DistributedSampler.range(of: count, rank: topology.rank, worldSize: topology.size)
        let mine = try records(share, orientation: orientation, threadCount: threadCount)
        var sizes = [Int64](repeating: 0, count: 2 * count)
        for (position, record) in zip(share, mine) {
            (sizes[2 * position], sizes[2 * position + 1]) = (Int64(record.width), Int64(record.height))
        }
        sizes = try communicator.reduced(sizes, .sum, label: "image sizes")
        return self.names.enumerated().map { index, name in
            COCOAnnotations.ImageRecord(
                id: index + 1, fileName: name, width: Int(sizes[2 * index]), height: Int(sizes[2 * index + 1])
            )
        }
    }
}
