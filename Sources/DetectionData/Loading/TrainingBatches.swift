/// Everything between a step's number and its micro-batches when a detector is trained on labelled images.
package struct TrainingBatches: Sendable {
    private let dataset: any Dataset
    private let sampler: DistributedSampler
    private let pipeline: Pipeline
    private let copyPaste: CopyPaste?
    private let collate: Collate

    /// - copyPaste: pastes objects of a second image, which goes through the pipeline as well.
    package init(
        _ dataset: any Dataset, sampler: DistributedSampler, pipeline: Pipeline, copyPaste: CopyPaste? = nil,
        collate: Collate
    ) {
        self.dataset = dataset
        self.sampler = sampler
        self.pipeline = pipeline
        self.copyPaste = copyPaste
        self.collate = collate
    }

    /// This rank's micro-batches of `step`.
    package func batches(ofStep step: Int) throws(DataError) -> [Batch] {
        var batches: [Batch] = []
        for items in sampler.microBatches(ofStep: step) {
            var samples: [Sample] = []
            for item in items { samples.append(try sample(of: item)) }
            batches.append(try collate.batch(samples))
        }
        return batches
    }

    /// The image of one turn as training sees it, but for normalisation and padding.
    package func sample(of item: BatchPlan.Item) throws(DataError) -> Sample {
        var sample = try dataset.sample(at: item.index)
        var random = item.random(seed: sampler.plan.seed, purpose: .augmentation)
        pipeline.apply(to: &sample, random: &random)
        if let copyPaste {
            var random = item.random(seed: sampler.plan.seed, purpose: .pastedImage)
            var other = try dataset.sample(at: random.integer(in: 0...dataset.count - 1))
            pipeline.apply(to: &other, random: &random)
            copyPaste.paste(other, into: &sample, random: &random)
        }
        return sample
    }
}
