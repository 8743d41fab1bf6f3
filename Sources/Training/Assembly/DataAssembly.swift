package import Collectives
package import DetectionData
internal import Foundation
package import Logging

/// Data sets, pipelines and batches of a configuration.
package struct DataAssembly {
    private let config: RunConfig
    private let communicator: any Communicator
    private let log: Logger

    /// Decoded images are kept in memory up to this many bytes per rank.
    private static let cacheByteCount = 1 << 30

    package init(_ config: RunConfig, communicator: any Communicator, log: Logger) {
        self.config = config
        self.communicator = communicator
        self.log = log
    }

    /// Everything the training loop draws from.
    package struct TrainingData {
        package let plan: BatchPlan
        package let dataset: COCODataset
        /// What checkpoints say about the data, such as class names.
        package let notes: [String: String]
        /// One turn's image as the network sees it, but for normalisation and padding: one view or two, whose boxes pair
        /// by their ids.
        package let views: @Sendable (_ item: BatchPlan.Item) throws(DataError) -> [Sample]
        /// This rank's micro-batches of a step, one list of views each.
        package let microBatches: @Sendable (_ step: Int) throws(DataError) -> [[Batch]]
    }

    /// - workFolder: where proposals are kept if they have to be made.
    package func training(workFolder: String) throws -> TrainingData {
        let dataset = try trainingDataset(workFolder: workFolder)
        let plan = BatchPlan(
            dataset, globalBatchSize: config.batch.global, seed: config.run.seed, groupsByAspect: true)
        let sampler = DistributedSampler(
            plan: plan, rank: communicator.topology.rank, worldSize: communicator.topology.size,
            microBatchSize: config.batch.micro)
        let cached = CachedDataset(dataset, byteLimit: Self.cacheByteCount)
        if let objective = config.objective {
            let shared = Pipeline(objective.proposalsPerImage.map { [SelectTopKProposals($0)] } ?? [])
            let view = config.pipeline.trainingPipeline(
                flipAfterPad: objective.switches.flipAfterPad)
            let batches = TwoViewBatches(
                cached, sampler: sampler,
                pipeline: TwoViewPipeline(shared: shared, first: view, second: view),
                collate: config.trainingCollate)
            return TrainingData(
                plan: plan, dataset: dataset, notes: [:],
                views: { item throws(DataError) in
                    let views = try batches.views(of: item)
                    return [views.first, views.second]
                },
                microBatches: { step throws(DataError) in
                    try batches.pairs(ofStep: step).map { [$0.first, $0.second] }
                })
        }
        let batches = TrainingBatches(
            cached, sampler: sampler, pipeline: config.pipeline.trainingPipeline(flipAfterPad: false),
            copyPaste: config.pipeline.copyPaste ? CopyPaste() : nil, collate: config.trainingCollate)
        return TrainingData(
            plan: plan, dataset: dataset, notes: TrainedDetector.extra(dataset),
            views: { item throws(DataError) in [try batches.sample(of: item)] },
            microBatches: { step throws(DataError) in try batches.batches(ofStep: step).map { [$0] } })
    }

    private func trainingDataset(workFolder: String) throws -> COCODataset {
        let train = config.data.train
        let subset = train.firstImages.map { ImageSubset.first($0) } ?? .all
        guard let proposals = train.proposals else {
            let path = train.annotations.resolved
            return try checked(
                indexed(
                    [path], folder: train.images.resolved,
                    options(.training, classes: train.classes, subset: subset)
                ) { try COCOAnnotations.read(path: path, withMasks: config.model.hasMasks) }, use: .training)
        }
        let path: String
        switch proposals {
        case .file(let file): path = file.resolved
        case .selectiveSearch:
            path = "\(workFolder)/proposals.json"
            try makeProposals(for: train.annotations.resolved, at: path)
        }
        return try checked(
            indexed(
                [path, train.annotations.resolved], folder: train.images.resolved,
                options(.pretraining, classes: nil, subset: subset)
            ) {
                if case .file = proposals, let info = try ProposalFile.info(ofFile: path) {
                    let images = try COCOAnnotations.read(path: train.annotations.resolved)
                    try ProposalFile.check(info, ofFile: path, against: images)
                }
                return try COCOAnnotations.read(path: path)
            }, use: .pretraining)
    }

    /// A data set whose JSON one rank of each node reads, and only where its index is not there: the others map what that
    /// one wrote.
    /// - files: what `read` reads, the annotations first.
    private func indexed(
        _ files: [String], folder: String, _ options: COCODataset.Options, read: () throws -> COCOAnnotations
    ) throws -> COCODataset {
        let cache = IndexCache()
        let origin = IndexCache.Origin(files: files, imageFolder: folder, options: options)
        func made() throws -> COCODataset {
            try COCODataset(read(), imageFolder: folder, options: options, origin: origin)
        }
        func mapped(checksImages: Bool) -> COCODataset? {
            origin.flatMap {
                cache.dataset($0, imageFolder: folder, options: options, checksImages: checksImages)
            }
        }
        guard communicator.topology.localRank == 0 else {
            try communicator.barrier(label: "an index of \(files[0])", deadlineSeconds: nil)
            return try mapped(checksImages: false) ?? made()
        }
        var dataset = mapped(checksImages: true)
        if dataset == nil {
            let new = try made()
            do {
                if let origin { try cache.keep(new, origin) }
            } catch {
                log.warning("no index of \(files[0]) is kept, so that every rank reads it: \(error)")
            }
            dataset = mapped(checksImages: false) ?? new
        }
        try communicator.barrier(label: "an index of \(files[0])", deadlineSeconds: nil)
        return try dataset ?? made()
    }

    /// AlignDet's filter on a search at the resolution that training sees; smaller than 8 pixels there is left out.
    private func makeProposals(for annotations: String, at path: String) throws {
        var filter = ProposalFilter.alignDet
        filter.minimumSide = 8
        filter.limit = config.objective?.proposalsPerImage
        let run = ProposalRun(
            .search(.fast, seed: config.run.seed),
            ProposalRun.Settings(
                filters: ProposalFilterSteps([filter, ProposalFilter()]),
                shortSide: config.pipeline.resize.shortSides.max() ?? config.pipeline.resize.longSide,
                threadCount: max(1, config.run.loaderThreads), orientation: orientation),
            communicator: communicator, log: log)
        // Asked on rank 0 alone: another rank's view of a shared folder may lag behind.
        var isCurrent = 0.0
        if communicator.topology.rank == 0 {
            let images = try COCOAnnotations.read(path: annotations).images
            isCurrent = run.isCurrent(path, for: images) ? 1 : 0
        }
        guard try communicator.reduced(isCurrent, .sum, label: "proposals are there") == 0 else { return }
        let images = try COCOAnnotations.read(path: annotations).images
        log.info("searching \(images.count) images for proposals")
        guard case .written = try run.write(images, folder: config.data.train.images.resolved, to: path)
        else {
            throw TrainingError(
                .stopped, "stopped on request while proposals were made", hint: "the same command goes on")
        }
    }

    /// The validation set with its annotations.
    package func validation() throws -> (dataset: COCODataset, annotations: COCOAnnotations)? {
        guard let part = config.data.validation else { return nil }
        let all = try COCOAnnotations.read(
            path: part.annotations.resolved, for: .scoring, withMasks: config.model.hasMasks)
        let annotations = part.firstImages.map { all.first($0) } ?? all
        let dataset = try COCODataset(
            annotations, imageFolder: part.images.resolved,
            options: options(.evaluation, classes: config.data.train.classes, subset: .all))
        return (try checked(dataset, use: .evaluation), annotations)
    }

    /// Scores a detector on the validation set.
    package func evaluation() throws -> EvaluationRun? {
        guard let (dataset, annotations) = try validation(), let pipeline = testPipeline else { return nil }
        return EvaluationRun(
            dataset, annotations, pipeline: pipeline, collate: collate, communicator: communicator, log: log)
    }

    private func options(
        _ use: COCODataset.Use, classes: [String]?, subset: ImageSubset
    ) -> COCODataset.Options {
        COCODataset.Options(
            use: use, classNames: classes, subset: subset,
            policy: config.data.defects == .refuse ? .refuse : .dropWithReport, orientation: orientation,
            decodeBound: use == .evaluation ? nil : trainingBound,
            needsMasks: use == .training && config.model.hasMasks)
    }

    /// Says what was found in a data set and holds it to the model.
    private func checked(_ dataset: COCODataset, use: COCODataset.Use) throws -> COCODataset {
        log.info("\(dataset.report.table)")
        if let classCount = config.model.classCount, use != .pretraining,
            dataset.classNames.count != classCount
        {
            throw TrainingError(
                .configuration,
                "model.head.classes is \(classCount), \(dataset.source) has \(dataset.classNames.count) classes",
                hint: "set model.head.classes=\(dataset.classNames.count), or choose with data.train.classes")
        }
        if let head = config.model.setDetector?.head, use == .pretraining,
            dataset.classNames.count > head.classes
        {
            throw TrainingError(
                .configuration,
                "model.head.classes is \(head.classes), \(dataset.source) has \(dataset.classNames.count)",
                hint: "set model.head.classes=\(dataset.classNames.count)")
        }
        return dataset
    }

    /// The same for every step, whatever a view draws: a picture is decoded once for both views and for the cache.
    private var trainingBound: DecodeBound {
        let resize = config.pipeline.resize
        return DecodeBound(
            shortSide: resize.shortSides.max() ?? resize.longSide, maximumLongSide: resize.longSide)
    }

    /// Resizing alone.
    package var testPipeline: Pipeline? {
        config.pipeline.test.map { config.pipeline.testPipeline($0) }
    }

    private var collate: Collate { config.collate }

    private var orientation: ImageFile.Orientation { config.data.orientation == .apply ? .apply : .asStored }
}

extension RunConfig {
    /// How this configuration's images become batches.
    var collate: Collate { collate(.multiple(of: pipeline.padMultiple)) }

    /// The same in training, where windows have one size.
    var trainingCollate: Collate {
        collate(pipeline.crop.map { .fixed(width: $0, height: $0) } ?? .multiple(of: pipeline.padMultiple))
    }

    private func collate(_ size: Collate.Size) -> Collate {
        Collate(
            size: size,
            normalization: PixelNormalization(
                mean: SIMD3(pipeline.normalization.mean), standardDeviation: SIMD3(pipeline.normalization.std)
            ))
    }
}
