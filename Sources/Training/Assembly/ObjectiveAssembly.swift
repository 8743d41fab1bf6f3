internal import Detection
package import NN
package import Pretraining

/// The objective of a configuration over an initialised network.
package struct ObjectiveAssembly {
    private let config: RunConfig
    private let reducer: any StatisticsReducer

    package init(_ config: RunConfig, reducer: any StatisticsReducer) {
        self.config = config
        self.reducer = reducer
    }

    /// Builds and initialises the network, lets `prepare` load weights into it, and wraps it.
    /// - loadsBackbone: whether `prepare` fills all of the backbone, which then is not initialised before.
    /// - Throws: what `prepare` throws, and a configuration that cannot be pre-trained.
    package func make(
        loadsBackbone: Bool = false, prepare: (any Module) throws -> Void
    ) throws -> any Objective {
        let assembly = ModelAssembly(config.model, reducer: reducer)
        let skipped = loadsBackbone ? ["backbone."] : []
        guard let objective = config.objective else {
            let detector = assembly.detector()
            detector.initialize(seed: config.run.seed, except: skipped)
            try prepare(detector)
            return SupervisedObjective(detector)
        }
        let (network, stage) = try assembly.retinaNet()
        network.initialize(seed: config.run.seed, except: skipped)
        try prepare(network)
        guard config.model.backbone.frozenStages == config.model.backbone.name.stageCount else {
            throw TrainingError(
                .configuration, "model.backbone.frozen_stages is \(config.model.backbone.frozenStages)",
                hint: "AlignDet shares one frozen backbone: set it to \(config.model.backbone.name.stageCount)")
        }
        let momentum = try assembly.momentumParts(of: network)
        // A copy is overwritten as a whole.
        if objective.switches.targetInitialisation != .copy {
            MomentumStart(neck: momentum.neck, head: momentum.head).initialize(seed: config.run.seed &+ 1)
        }
        return AlignDetRetinaNet(
            online: network, momentumNeck: momentum.neck, momentumHead: momentum.head,
            settings: objective.settings(sampler: stage.sampler))
    }

    /// Neck and head under one name each, to start them with streams of their own.
    private final class MomentumStart: Module {
        let neck: FPN
        let head: RetinaHead

        init(neck: FPN, head: RetinaHead) { (self.neck, self.head) = (neck, head) }

        func visit(_ visitor: inout ParameterVisitor) {
            visitor.visit("neck", neck)
            visitor.visit("bbox_head", head)
        }
    }
}

extension ObjectiveConfig {
    fileprivate func settings(sampler: SamplerConfig?) -> AlignDetSettings {
        AlignDetSettings(
            temperature: Float(temperature), momentumStart: momentumStart, momentumEnd: momentumEnd,
            contrastiveWeight: Float(contrastiveWeight), boxWeight: Float(boxWeight),
            labelLayout: switches.retinaLabelLayout == .levelMajor ? .levelMajor : .imageMajor,
            targetStart: switches.targetInitialisation == .copy ? .copy : .independent,
            backgroundLabel: switches.backgroundLabel == .sentinel ? .sentinel : .embeddingDimension,
            sampler: RandomSampler(
                count: sampler?.count ?? 0, negativesPerPositive: sampler?.negativesPerPositive ?? 0))
    }
}
