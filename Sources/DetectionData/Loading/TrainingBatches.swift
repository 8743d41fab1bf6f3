/// Everything between a step's number and its micro-batches when a detector is trained on labelled images.
package struct TrainingBatches: Sendable {
    private let dataset: any Dataset
    private let sampler: DistributedSampler
    private let pipeline: Pipeline
    private let collate: Collate

    package init(_ dataset: any Dataset, sampler: DistributedSampler, pipeline: Pipeline, collate: Collate) {
        self.dataset = dataset
        self.sampler = sampler
        self.pipeline = pipeline
        self.collate = collate
    }

    /// This rank's micro-batches of `step`.
    package func batches(ofStep step: Int) throws(DataError) -> [Batch] {
        var batches: [Batch] = []
        for items in sampler.microBatches(ofStep: step) {
            var samples: [Sample] = []
            for item in items {
                var sample = try dataset.sample(at: item.index)
                var random = item.random(seed: sampler.plan.seed, purpose: .augmentation)
                pipeline.apply(to: &sample, random: &random)
                samples.append(sample)
            }
            batches.append(try collate.batch(samples))
        }
        return batches
    }
}
