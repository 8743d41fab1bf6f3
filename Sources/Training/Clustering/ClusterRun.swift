package import Collectives
internal import DetectionData
internal import Foundation
package import Logging
internal import Randomness

/// Pseudo categories for proposals: their crops' features, reduced by principal components, in k-means clusters.
///
/// Ranks share the images in runs of fixed length and all sums over ranks are exact, so the file is the same for any
/// number of ranks.
/// - Source: AlignDet's paper, section on DETR: clusters of features of a supervised backbone, 256 of them. Nothing else is
///   published; crop, layer and reduction are this program's.
package struct ClusterRun {
    package struct Settings: Sendable {
        package var clusterCount: Int
        /// Numbers of a feature after the reduction.
        package var dimension: Int
        /// Side of the squares that crops are resized to, a multiple of 32.
        package var cropSide: Int
        /// The first boxes of an image that are clustered; the others are left out.
        package var boxesPerImage: Int
        /// Crops that the principal components are fitted to, about.
        package var sampleSize: Int
        package var iterationLimit: Int
        package var seed: UInt64
        package var threadCount: Int

        package init(
            clusterCount: Int, dimension: Int, cropSide: Int, boxesPerImage: Int, sampleSize: Int,
            iterationLimit: Int, seed: UInt64, threadCount: Int
        ) {
            self.clusterCount = clusterCount
            self.dimension = dimension
            self.cropSide = cropSide
            self.boxesPerImage = boxesPerImage
            self.sampleSize = sampleSize
            self.iterationLimit = iterationLimit
            self.seed = seed
            self.threadCount = threadCount
        }

        func parameters(backbone: String) -> [String: String] {
            [
                "backbone": backbone, "clusters": "\(clusterCount)", "components": "\(dimension)",
                "crop": "\(cropSide)", "top_k": "\(boxesPerImage)", "component_sample": "\(sampleSize)",
                "iterations": "\(iterationLimit)", "cluster_seed": "\(seed)",
            ]
        }
    }

    /// Images of a block; part of what the result depends on.
    private static let blockSize = 16

    private let config: RunConfig
    private let settings: Settings
    private let communicator: any Communicator
    private let log: Logger

    /// - config: whose backbone and normalisation are used.
    package init(_ config: RunConfig, _ settings: Settings, communicator: any Communicator, log: Logger) {
        self.config = config
        self.settings = settings
        self.communicator = communicator
        self.log = log
    }

    /// Reads proposals and writes them again with clusters as categories.
    /// - Throws: naming the image file that cannot be read, and where there are too few crops.
    package func write(_ path: String, imageFolder: String, to out: String) throws {
        let file = try COCOAnnotations.read(path: path)
        let (images, boxes) = try usableBoxes(file, imageFolder: imageFolder)
        let features = try CropFeatures(config, side: settings.cropSide)
        let total = boxes.reduce(0) { $0 + $1.count }
        guard settings.dimension <= min(features.dimension, total) else {
            throw TrainingError(
                .badInput,
                "\(path): \(total) boxes with \(features.dimension) features each do not have "
                    + "\(settings.dimension) components", hint: "ask for fewer")
        }
        let blockCount = (images.count + Self.blockSize - 1) / Self.blockSize
        let topology = communicator.topology
        let share = DistributedSampler.range(of: blockCount, rank: topology.rank, worldSize: topology.size)
        let points = try points(share, images, boxes, features, imageFolder: imageFolder, total: total)
        let result = try KMeans.fit(
            points, dimension: settings.dimension, clusterCount: settings.clusterCount, seed: settings.seed,
            iterationLimit: settings.iterationLimit, communicator: communicator)
        let distance = String(format: "%.4f", result.meanSquaredDistance)
        log.info(
            """
            \(total) crops in \(settings.clusterCount) clusters after \(result.iterationCount) iterations, \
            mean squared distance \(distance)
            """)
        try write(result.clusters, images, boxes, from: path, to: out)
    }

    /// The boxes of each image that can be cropped, in file order.
    private func usableBoxes(
        _ file: COCOAnnotations, imageFolder: String
    ) throws(DataError) -> (images: [COCOAnnotations.ImageRecord], boxes: [[Box]]) {
        let list = try ImageList.open(file.source, imageFolder: imageFolder)
        let images = try list.records(0..<list.count, orientation: .apply, threadCount: settings.threadCount)
        let dataset = try COCODataset(
            file, imageFolder: imageFolder,
            options: COCODataset.Options(
                use: .evaluation, classNames: nil, subset: .all, policy: .dropWithReport, orientation: .apply)
        )
        let positions = Dictionary(
            uniqueKeysWithValues: (0..<dataset.count).map { (dataset.imageID(at: $0), $0) })
        let boxes = images.map { image in
            positions[image.id].map { Array(dataset.boxes(at: $0).prefix(settings.boxesPerImage)) } ?? []
        }
        return (images, boxes)
    }

    // MARK: Features

    /// The reduced features of a share of the blocks.
    private func points(
        _ share: Range<Int>, _ images: [COCOAnnotations.ImageRecord], _ boxes: [[Box]],
        _ features: CropFeatures,
        imageFolder: String, total: Int
    ) throws -> [[Float]] {
        let reader = DeclaredImage(folder: imageFolder, orientation: .apply)
        let chance = Double(settings.sampleSize) / Double(max(total, 1))
        func isInSample(_ image: COCOAnnotations.ImageRecord) -> Bool {
            var random = RandomSource(seed: settings.seed, epoch: 1, sample: image.id, purpose: .clustering)
            return chance >= 1 || random.uniformDouble() < chance
        }
        func raw(_ what: String, where isWanted: (COCOAnnotations.ImageRecord) -> Bool) throws -> [[Float]] {
            let progress = ProgressReporter(log: log, what: what, total: share.count)
            return try share.map { block in
                let positions = self.positions(of: block, images.count).filter { isWanted(images[$0]) }
                defer { progress.report(block - share.lowerBound + 1) }
                return try features(crops(positions.map { (images[$0], boxes[$0]) }, reader))
            }
        }
        let sample = try raw("principal components", where: isInSample)
        let sampled = Int(
            try communicator.reduced(
                Int64(sample.reduce(0) { $0 + $1.count } / features.dimension), .sum, label: "crops sampled"))
        guard sampled >= settings.dimension else {
            throw TrainingError(
                .configuration, "a sample of \(sampled) crops does not have \(settings.dimension) components",
                hint: "ask for a larger sample")
        }
        let components = try PrincipalComponents(
            sample, inputDimension: features.dimension, dimension: settings.dimension,
            communicator: communicator)
        let kept = String(format: "%.1f", 100 * components.keptShare)
        log.info(
            """
            \(settings.dimension) of \(features.dimension) components keep \(kept) % of the variance of \
            \(sampled) crops
            """)
        if chance >= 1 { return sample.map(components.project) }
        let progress = ProgressReporter(log: log, what: "features", total: share.count)
        return try share.map { block in
            let positions = self.positions(of: block, images.count)
            defer { progress.report(block - share.lowerBound + 1) }
            return components.project(try features(crops(positions.map { (images[$0], boxes[$0]) }, reader)))
        }
    }

    private func positions(of block: Int, _ imageCount: Int) -> [Int] {
        Array(block * Self.blockSize..<min((block + 1) * Self.blockSize, imageCount))
    }

    /// Decoded, cut and resized on threads.
    private func crops(
        _ images: [(record: COCOAnnotations.ImageRecord, boxes: [Box])], _ reader: DeclaredImage
    ) throws(DataError) -> [Image] {
        let side = settings.cropSide
        return try ParallelImages(count: images.count, threadCount: settings.threadCount) {
            index throws(DataError) in
            let (record, boxes) = images[index]
            return boxes.isEmpty ? [] : CropFeatures.crops(try reader.load(record), boxes, side: side)
        }.values().flatMap { $0 }
    }

    // MARK: The file

    private func write(
        _ clusters: [Int32], _ images: [COCOAnnotations.ImageRecord], _ boxes: [[Box]], from path: String,
        to out: String
    ) throws {
        let bytes = clusters.withUnsafeBytes { [UInt8]($0) }
        if let parts = try communicator.gather(bytes, label: "clusters") {
            let all = parts.flatMap { part in
                part.withUnsafeBytes { Array($0.bindMemory(to: Int32.self)) }
            }
            let info = ProposalFile.Info(
                description: "proposals with clusters of their features as categories",
                parameters: (try ProposalFile.info(ofFile: path)?.parameters ?? [:]).merging(
                    settings.parameters(backbone: backboneName)
                ) { _, new in new }, images: images)
            var next = 0
            let count = try ProposalFile.write(
                for: images, info: info,
                categories: (1...settings.clusterCount).map { .init(id: $0, name: "cluster_\($0)") }, to: out
            ) { image in
                defer { next += boxes[image].count }
                return zip(boxes[image], all[next...]).map { ($0, Int($1) + 1) }
            }
            log.info(
                "\(out): \(count) proposals in \(settings.clusterCount) categories for \(images.count) images"
            )
        }
        try communicator.barrier(label: "clusters written")
    }

    private var backboneName: String {
        "\(config.model.backbone.name.rawValue) \(config.model.backbone.weights?.text ?? "none")"
    }
}
