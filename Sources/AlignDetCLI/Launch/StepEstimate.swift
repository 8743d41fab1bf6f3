internal import Collectives
internal import Training

/// What one step of a recipe costs on this machine: the measured half of an estimate.
struct StepCost {
    /// Seconds of one micro-batch, of its backward pass alone, and of the update after the last one.
    let microBatchSeconds: Double
    let backwardSeconds: Double
    let updateSeconds: Double
    let gradientByteCount: Int
    let threadCount: Int

    /// Times micro-batches of synthetic images.
    /// - repetitions: after one to warm up.
    init(_ training: SyntheticTraining, threadCount: Int, repetitions: Int) throws {
        _ = try training.run(training.microBatch())
        var micro: [Double] = []
        var backward: [Double] = []
        var update: [Double] = []
        for _ in 0..<repetitions {
            let views = training.microBatch()
            let start = ContinuousClock.now
            let report = try training.run(views)
            let all = (ContinuousClock.now - start) / .seconds(1)
            func seconds(_ names: Set<String>) -> Double {
                report.phases.filter { names.contains($0.name) }.reduce(0) { $0 + $1.seconds }
            }
            update.append(seconds(["optimizer", "ema"]))
            backward.append(seconds(["backward"]))
            micro.append(all - update[update.count - 1])
        }
        microBatchSeconds = Measurement.median(micro)
        backwardSeconds = Measurement.median(backward)
        updateSeconds = Measurement.median(update)
        gradientByteCount = training.gradientByteCount
        self.threadCount = threadCount
    }

    /// The same where several ranks measured at once, which shows how they slow each other down: the slowest of them.
    init(_ own: StepCost, slowestOf communicator: any Communicator) throws {
        let all = try communicator.reduced(
            [own.microBatchSeconds, own.backwardSeconds, own.updateSeconds], .maximum, label: "step")
        (microBatchSeconds, backwardSeconds, updateSeconds) = (all[0], all[1], all[2])
        gradientByteCount = own.gradientByteCount
        threadCount = own.threadCount
    }
}

/// A step's duration on a cluster.
struct StepEstimate {
    /// Sums of a few numbers in every step: divisors of the losses, losses and flags.
    private static let smallSumCount = 2

    /// Micro-batches of the rank that has most of them.
    let microBatchCount: Int
    let computeSeconds: Double
    /// Communication that the step waits for.
    let exposedSeconds: Double
    var seconds: Double { computeSeconds + exposedSeconds }
    var exposedShare: Double { exposedSeconds / seconds }

    /// - microBatchCount: of a step, over all ranks.
    /// - coresPerHost: with more threads than cores on a host, its ranks take turns.
    init(_ cost: StepCost, _ model: CommunicationModel, ranks: Int, microBatchCount: Int, coresPerHost: Int) {
        self.microBatchCount = (microBatchCount + ranks - 1) / ranks
        let busy = min(model.ranksPerHost, max(1, microBatchCount))
        func turns(_ ranks: Int) -> Double { max(1, Double(ranks * cost.threadCount) / Double(coresPerHost)) }
        computeSeconds =
            Double(self.microBatchCount) * cost.microBatchSeconds * turns(busy)
            + cost.updateSeconds * turns(model.ranksPerHost)
        exposedSeconds =
            ranks == 1
            ? 0
            : model.exposedSeconds(
                byteCount: cost.gradientByteCount, bucketByteCount: TrainStep.bucketByteCount,
                backwardSeconds: cost.backwardSeconds * turns(busy), smallSumCount: Self.smallSumCount)
                * turns(model.ranksPerHost)
    }
}
