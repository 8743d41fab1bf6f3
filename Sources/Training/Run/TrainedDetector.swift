internal import Checkpointing
package import Detection
package import DetectionData
internal import NN
internal import Pretraining
internal import Randomness

/// A detector as a file of weights and a configuration describe it, ready to detect.
package final class TrainedDetector {
    /// What labels are called.
    package struct Names: Sendable {
        package let classNames: [String]
        package let categoryIDs: [Int]
    }

    private let network: any Detector
    private let pipeline: Pipeline
    private let collate: Collate

    private init(_ network: any Detector, pipeline: Pipeline, collate: Collate) {
        self.network = network
        self.pipeline = pipeline
        self.collate = collate
    }

    /// The network of a configuration with a file's weights, every one of which must be there.
    package static func load(config: RunConfig, weights path: String) throws -> any Detector {
        let network = ModelAssembly(config.model, reducer: LocalStatistics()).detector()
        let file = try CheckpointReader(path: path).file
        try WeightLoading.restore(network.namedTensors, from: file)
        network.didLoad()
        return network
    }

    /// A detector from a checkpoint alone, which knows its configuration and classes.
    /// - Throws: for a file that is no checkpoint of a fine-tuning run.
    package static func load(checkpoint path: String, builtInRoot: String) throws -> (TrainedDetector, Names)
    {
        let metadata = try CheckpointReader(path: path).metadata()
        let config = try RunConfig(yaml: metadata.configuration, source: path, builtInRoot: builtInRoot)
        guard let test = config.pipeline.test, let names = names(metadata.extra) else {
            throw TrainingError(
                .badInput, "\(path) is a checkpoint of \(config.task.rawValue): it cannot detect",
                hint: "fine-tune it first")
        }
        let detector = TrainedDetector(
            try load(config: config, weights: path),
            pipeline: config.pipeline.testPipeline(test),
            collate: config.collate)
        return (detector, names)
    }

    /// Objects in one image, best first, in its own pixels.
    package func detect(_ image: Image) throws -> [DetectedObject] {
        let sample = Sample(image: image, boxes: [], labels: [], boxIDs: [], imageID: 0)
        return try network.detect(sample, pipeline: pipeline, collate: collate)
    }

    /// Class names and category ids as checkpoints keep them.
    static func extra(_ dataset: COCODataset) -> [String: String] {
        [
            "class_names": dataset.classNames.joined(separator: "\n"),
            "category_ids": dataset.categoryIDs.map { "\($0)" }.joined(separator: "\n"),
        ]
    }

    private static func names(_ extra: [String: String]) -> Names? {
        guard let names = extra["class_names"], let ids = extra["category_ids"] else { return nil }
        return Names(
            classNames: names.split(separator: "\n").map(String.init),
            categoryIDs: ids.split(separator: "\n").compactMap { Int($0) })
    }
}

extension Detector {
    /// Objects in one sample through a test pipeline.
    func detect(_ sample: Sample, pipeline: Pipeline, collate: Collate) throws -> [DetectedObject] {
        var sample = sample
        // Test pipelines draw nothing.
        var random = RandomSource(seed: 0, purpose: .augmentation)
        pipeline.apply(to: &sample, random: &random)
        let batch = try collate.batch([sample])
        return detect(batch.images(), batch.targets)[0]
    }
}
