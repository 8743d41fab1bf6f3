internal import COCOEvaluation
internal import Checkpointing
package import Collectives
internal import Detection
internal import DetectionData
internal import Foundation
package import Logging
internal import NN
internal import Pretraining
internal import Tensors

/// One `pretrain` or `finetune`: everything between a configuration and a finished work folder.
package struct TrainingRun {
    /// What to start from.
    package enum Start: Sendable, Equatable {
        case fresh
        /// The newest valid checkpoint of the work folder; fresh if there is none.
        case newest
        case checkpoint(path: String)
    }

    package struct Options: Sendable {
        package var workFolder: String
        package var start: Start
        /// A file whose weights the network starts from.
        package var weights: String?
        /// Whether `weights` also gives last layers of equal shape.
        package var keepsLastLayers: Bool
        /// Stop after this many updates, however long the schedule is; nil for the schedule's length.
        package var maximumSteps: Int?
        /// Least seconds a rank may stay silent before the job ends.
        package var silenceSeconds: Double
        /// Checkpoints kept for their scores.
        package var keepBest: Int
        /// Whether evaluations take place.
        package var isScored: Bool

        package init(
            workFolder: String, start: Start, weights: String?, keepsLastLayers: Bool, maximumSteps: Int?,
            silenceSeconds: Double, keepBest: Int, isScored: Bool = true
        ) {
            self.isScored = isScored
            self.silenceSeconds = silenceSeconds
            self.keepBest = keepBest
            self.workFolder = workFolder
            self.start = start
            self.weights = weights
            self.keepsLastLayers = keepsLastLayers
            self.maximumSteps = maximumSteps
        }
    }

    private let config: RunConfig
    private let options: Options
    private let communicator: any Communicator
    private let log: Logger

    package init(_ config: RunConfig, options: Options, communicator: any Communicator, log: Logger) {
        self.config = config
        self.options = options
        self.communicator = communicator
        self.log = log
    }

    private var isFirst: Bool { communicator.topology.rank == 0 }

    package func run() throws -> Trainer.Outcome {
        try communicator.agree(
            on: XXH64.digest([UInt8]((config.yaml + ProgramVersion.text).utf8)[...]),
            what: "configuration and program version")
        try checkShares()
        let dtype = try config.run.amp.dtype(on: communicator)
        let lock = isFirst ? try WorkFolderLock(folder: options.workFolder, log: log) : nil
        defer { lock?.release() }
        if isFirst { Checkpoints.removeLeftovers(in: options.workFolder) }
        let statistics = RankStatistics(communicator)
        let objective = try ObjectiveAssembly(config, reducer: statistics).make(
            loadsBackbone: config.model.backbone.weights != nil
        ) { network in try loadWeights(into: network) }
        let optimizer = config.optimizer.make(objective.arena)
        let state = RunState(objective, optimizer, config)
        let first = try resume(state)
        // Not sooner: a resume that is refused must leave the configuration that the folder's run was made with.
        try prepareFolder()
        let assembly = DataAssembly(config, communicator: communicator, log: log)
        let data = try assembly.training(workFolder: options.workFolder)
        let stepsPerEpoch = data.plan.stepsPerEpoch
        let stepCount = config.schedule.stepCount(stepsPerEpoch: stepsPerEpoch)
        let last = min(stepCount, options.maximumSteps ?? stepCount)
        let metrics =
            isFirst
            ? try MetricsLog(folder: options.workFolder, resumedStep: resumedStep(first), log: log) : nil
        let evaluation = options.isScored ? try assembly.evaluation() : nil
        let checkpoints =
            isFirst
            ? RunCheckpoints(
                folder: options.workFolder, keep: config.run.keep, keepBest: options.keepBest, state: state,
                stepsPerEpoch: stepsPerEpoch, notes: data.notes.merging(ThreadNote.entry) { $1 }, log: log)
            : nil
        let actions = Trainer.Actions(
            save: { done in
                try compare(state, after: done)
                checkpoints?.save(done)
            },
            evaluate: { done in
                guard let evaluation, let detector = objective.scoredDetector else { return }
                let figure = try score(evaluation, detector, step: done, metrics)
                if let figure { checkpoints?.save(done, score: figure) }
            },
            compare: { done in
                try compare(state, after: done)
                checkpoints?.look()
            })
        // What was stopped or killed between a checkpoint and its score.
        if evaluation != nil, try isScoreDue(after: first, last: last, metrics) {
            log.info("step \(first) was not scored yet")
            try actions.evaluate(first)
        }
        guard first < last else {
            log.info("nothing to do: \(first) of \(last) updates are done")
            try checkpoints?.finish()
            return .finished
        }
        describe(objective, dtype, first: first, last: last)
        let step = TrainStep(
            objective, optimizer: optimizer,
            clipping: GradientClipping(maximumNorm: config.optimizer.clipNorm.map { Float($0) }),
            schedule: config.schedule.rates(
                base: config.optimizer.learningRate, stepsPerEpoch: stepsPerEpoch),
            communicator: communicator, statistics: statistics, dtype: dtype,
            isOrdered: config.run.deterministic)
        let trainer = Trainer(
            step,
            intervals: Trainer.Intervals(
                log: config.run.logEvery, checkpoint: config.run.checkpointEvery,
                evaluation: config.run.evalEvery ?? 0),
            actions: actions, communicator: communicator, metrics: metrics,
            patience: Patience(floorSeconds: options.silenceSeconds), log: log)
        let loader = try Loader(
            steps: first..<last, threadCount: config.run.loaderThreads,
            stepsAhead: config.run.loaderThreads + 1,
            make: data.microBatches)
        let outcome = try trainer.run(
            loader, first: first, last: last, stepCount: stepCount,
            microBatchCount: config.batch.microBatchCount,
            stepsPerEpoch: stepsPerEpoch, seed: config.run.seed)
        try checkpoints?.finish()
        log.info("checkpoints and \(MetricsLog.fileName) are in \(options.workFolder)")
        return outcome
    }

    /// nil for a run that begins, whose metrics go behind those of a run before it in the same folder.
    private func resumedStep(_ first: Int) -> Int? { options.start == .fresh ? nil : first }

    /// Whether an evaluation belongs between the checkpoint a run goes on from and its next step, and is missing.
    private func isScoreDue(after first: Int, last: Int, _ metrics: MetricsLog?) throws -> Bool {
        guard first > 0, let interval = config.run.evalEvery, options.start != .fresh else { return false }
        guard first >= last || interval > 0 && first.isMultiple(of: interval) else { return false }
        let known = metrics?.evaluatedSteps.contains(first) == true ? 1.0 : 0.0
        return try communicator.reduced(known, .sum, label: "scores that are there") == 0
    }

    /// Ranks that run more micro-batches than others would wait in vain for their statistics.
    private func checkShares() throws {
        if config.run.deterministic, config.model.hasMeasuringNorm {
            throw TrainingError(
                .configuration,
                "run.deterministic promises the same bits for any number of ranks, and norms that measure their "
                    + "statistics (batch, sync) depend on which rank saw what",
                hint:
                    "set model.neck.norm=none and model.backbone.norm=affine or frozen, or leave it false: runs on "
                    + "equal numbers of ranks and threads are bit-equal as they are")
        }
        let (count, size) = (config.batch.microBatchCount, communicator.topology.size)
        guard config.model.hasSyncNorm, !count.isMultiple(of: size) else { return }
        throw TrainingError(
            .configuration,
            "norm: sync takes statistics over all ranks, and \(count) micro-batches do not divide among \(size) ranks",
            hint: "choose a number of ranks that divides \(count), another batch.micro, or norm: batch")
    }

    /// A replica that went its own way would spoil all that follows, and nobody would see why.
    private func compare(_ state: RunState, after step: Int) throws {
        guard communicator.topology.size > 1 else { return }
        try communicator.agree(on: state.digest, what: "parameters after step \(step)")
    }

    /// The work folder with the merged configuration in it.
    private func prepareFolder() throws {
        guard isFirst else { return }
        do {
            try FileManager.default.createDirectory(
                atPath: options.workFolder, withIntermediateDirectories: true)
            try Data(config.yaml.utf8).write(
                to: URL(fileURLWithPath: "\(options.workFolder)/config.yaml"), options: .atomic)
        } catch {
            throw TrainingError(
                .output, "\(options.workFolder): \(error.localizedDescription)",
                hint: "choose a folder that can be written with --work-dir")
        }
    }

    private func loadWeights(into network: any Module) throws {
        if let path = config.model.backbone.weights?.resolved {
            let fresh = try WeightLoading.loadBackbone(
                try SafetensorsFile(path: path), into: network,
                required: config.model.backbone.name.filePrefixes)
            if !fresh.isEmpty { log.info("\(path): \(fresh.count) norms behind the stages start fresh") }
        }
        if let path = options.weights {
            let report = try WeightLoading.load(
                try CheckpointReader(path: path).file, into: network, keepsLastLayers: options.keepsLastLayers
            )
            log.info("\(path): \(report.summary)")
        }
    }

    /// - Returns: updates already done.
    private func resume(_ state: RunState) throws -> Int {
        switch options.start {
        case .fresh: return 0
        case .checkpoint(let path):
            let checkpoint = try CheckpointReader(path: path)
            try checkThreads(checkpoint)
            let step = try state.restore(checkpoint)
            log.info("resuming from \(path) after \(step) updates")
            return step
        case .newest:
            let search = try Checkpoints.newestValid(in: options.workFolder)
            for reason in search.skipped where isFirst { log.warning("passing over a checkpoint: \(reason)") }
            guard let checkpoint = search.checkpoint else {
                log.info("no checkpoint in \(options.workFolder): starting from the beginning")
                return 0
            }
            try checkThreads(checkpoint)
            let step = try state.restore(checkpoint)
            log.info("resuming from \(checkpoint.path) after \(step) updates")
            return step
        }
    }

    /// Kernels share their sums among threads, so other threads mean other bits.
    private func checkThreads(_ checkpoint: CheckpointReader) throws {
        guard config.run.deterministic, let before = try checkpoint.metadata().extra[ThreadNote.key],
            before != ThreadNote.text
        else { return }
        throw TrainingError(
            .configuration,
            "\(checkpoint.path) was computed with \(before) threads a rank, and run.deterministic needs as many: now "
                + ThreadNote.text, hint: "set OMP_NUM_THREADS=\(before)")
    }

    private func describe(_ objective: any Objective, _ dtype: DType, first: Int, last: Int) {
        let size = communicator.topology.size
        let sums =
            config.run.deterministic ? "a tree over the micro-batches" : communicator.reductionDescription
        let trained = objective.arena.entries.reduce(0) { $0 + $1.count }
        log.info(
            """
            \(config.task.rawValue) \(config.model.detector.rawValue) \(config.model.backbone.name.rawValue): \
            \(trained) trained parameters, steps \(first)..<\(last), global batch \(config.batch.global) in \
            \(config.batch.microBatchCount) micro-batches of \(config.batch.micro) on \(size) \
            rank\(size == 1 ? "" : "s"), maps in \(dtype.rawValue), sums by \(sums)
            """)
        let idle = size - config.batch.microBatchCount
        if idle > 0, isFirst {
            log.warning(
                "\(idle) of \(size) ranks have no micro-batch: lower batch.micro or raise batch.global")
        }
    }

    /// - Returns: the first figure, on rank 0.
    private func score(
        _ evaluation: EvaluationRun, _ detector: any Detector, step: Int, _ metrics: MetricsLog?
    ) throws -> Double? {
        guard let outcome = try evaluation.run(detector) else { return nil }
        let masks = outcome.maskSummary?.metrics.map { (name: "segm_\($0.name)", value: $0.value) } ?? []
        let scores = outcome.summary.metrics.map { (name: $0.name, value: $0.value) }
        let names = (scores.prefix(3) + masks.prefix(3)).map {
            "\($0.name) \(String(format: "%.4f", $0.value))"
        }
        log.info("step \(step): \(names.joined(separator: "  "))")
        metrics?.write(
            [("step", .integer(step)), ("kind", .text("evaluation"))]
                + (scores + masks).map { ($0.name, .number($0.value)) })
        do {
            try outcome.results.write(path: "\(options.workFolder)/detections_step_\(step).json")
        } catch {
            log.warning("the detections were not written: \(error); the run goes on")
        }
        return scores.first?.value
    }
}
