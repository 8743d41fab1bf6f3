/// Everything between a step's number and its micro-batches when a detector is pre-trained on two views.
package struct TwoViewBatches: Sendable {
    private let dataset: any Dataset
    private let sampler: DistributedSampler
    private let pipeline: TwoViewPipeline
    private let collate: Collate

    package init(
        _ dataset: any Dataset, sampler: DistributedSampler, pipeline: TwoViewPipeline, collate: Collate
    ) {
        self.dataset = dataset
        self.sampler = sampler
        self.pipeline = pipeline
        self.collate = collate
    }

    /// This rank's micro-batches of `step`. Each image is decoded once for both views; each view is padded to its own
    /// largest size.
    package func pairs(ofStep step: Int) throws(DataError) -> [ViewPair] {
        var pairs: [ViewPair] = []
        for items in sampler.microBatches(ofStep: step) {
            var first: [Sample] = []
            var second: [Sample] = []
            for item in items {
                let views = try self.views(of: item)
                first.append(views.first)
                second.append(views.second)
            }
            pairs.append(ViewPair(first: try collate.batch(first), second: try collate.batch(second)))
        }
        return pairs
    }

    /// Both views of one turn's image, but for normalisation and padding.
    package func views(of item: BatchPlan.Item) throws(DataError) -> (first: Sample, second: Sample) {
        pipeline.views(of: try dataset.sample(at: item.index), item: item, seed: sampler.plan.seed)
    }
}
