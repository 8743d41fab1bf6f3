internal import Checkpointing
internal import Detection
package import DetectionData
internal import NN
internal import Randomness
internal import Tensors

/// The first stage of a trained two-stage detector.
package final class ProposalNetwork {
    private let backbone: any Backbone
    private let neck: FPN
    private let head: RPNHead
    private let proposer: RegionProposer
    private let pipeline: Pipeline
    private let collate: Collate

    private init(_ network: FasterRCNN, pipeline: Pipeline, collate: Collate) {
        (backbone, neck, head) = (network.backbone, network.neck, network.rpnHead)
        (proposer, self.pipeline, self.collate) = (network.proposer, pipeline, collate)
    }

    private init(_ network: CascadeRCNN, pipeline: Pipeline, collate: Collate) {
        (backbone, neck, head) = (network.backbone, network.neck, network.rpnHead)
        (proposer, self.pipeline, self.collate) = (network.proposer, pipeline, collate)
    }

    /// - Throws: for a file that is no checkpoint of a fine-tuned detector with two stages.
    package static func load(checkpoint path: String, builtInRoot: String) throws -> ProposalNetwork {
        let metadata = try CheckpointReader(path: path).metadata()
        let config = try RunConfig(yaml: metadata.configuration, source: path, builtInRoot: builtInRoot)
        guard case .two(let stages) = config.model.stages, let test = config.pipeline.test else {
            throw TrainingError(
                .badInput, "\(path) is a \(config.model.detector.rawValue) of \(config.task.rawValue)",
                hint: "region proposals come from a fine-tuned detector of two stages or a cascade")
        }
        let pipeline = config.pipeline.testPipeline(test)
        let assembly = ModelAssembly(config.model, reducer: LocalStatistics())
        let file = try CheckpointReader(path: path).file
        func restore(_ network: any Module) throws {
            try WeightLoading.restore(network.namedTensors, from: file)
            network.didLoad()
        }
        guard stages.cascade == nil else {
            let network = assembly.cascadeRCNN(stages)
            try restore(network)
            return ProposalNetwork(network, pipeline: pipeline, collate: config.collate)
        }
        let network = assembly.fasterRCNN(stages)
        try restore(network)
        return ProposalNetwork(network, pipeline: pipeline, collate: config.collate)
    }

    /// Boxes in the image's own pixels, best first.
    package func callAsFunction(_ image: Image) throws -> [Box] {
        var sample = Sample(image: image, boxes: [], labels: [], boxIDs: [], imageID: 0)
        // Test pipelines draw nothing.
        var random = RandomSource(seed: 0, purpose: .augmentation)
        pipeline.apply(to: &sample, random: &random)
        let batch = try collate.batch([sample])
        let tape = Tape(recording: false)
        let images = batch.images(tape.dtype)
        let proposals = proposer.propose(
            neck(backbone(images, tape), tape), head, inputShape: images.shape, batch.targets,
            limits: proposer.settings.testing, tape)[0]
        let target = batch.targets[0]
        return proposals.map {
            $0.scaled(x: 1 / target.scaleX, y: 1 / target.scaleY)
                .clipped(width: Float(image.width), height: Float(image.height))
        }
    }
}
