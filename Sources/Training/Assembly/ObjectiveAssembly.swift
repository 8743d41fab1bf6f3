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
        let skipped = loadsBackbone ? config.model.backbone.name.filePrefixes : []
        guard let objective = config.objective else {
            let detector = assembly.detector()
            detector.initialize(seed: config.run.seed, except: skipped)
            try prepare(detector)
            return SupervisedObjective(detector)
        }
        guard config.model.backbone.frozenStages == config.model.backbone.name.stageCount else {
            throw TrainingError(
                .configuration, "model.backbone.frozen_stages is \(config.model.backbone.frozenStages)",
                hint:
                    "AlignDet shares one frozen backbone: set it to \(config.model.backbone.name.stageCount)")
        }
        switch config.model.stages {
        case .one(let stage):
            let network = assembly.retinaNet(stage)
            let (neck, head) = assembly.momentumParts(of: network, stage)
            network.initialize(seed: config.run.seed, except: skipped)
            try prepare(network)
            start([("neck", neck), ("bbox_head", head)], objective)
            return AlignDetRetinaNet(
                online: network, momentumNeck: neck, momentumHead: head,
                settings: objective.settings(Self.sampler(stage.sampler)))
        case .points(let stage):
            let network = assembly.fcos(stage, halvesStrides: objective.switches.fcosStrides == .halved)
            let (neck, head) = assembly.momentumParts(of: network, stage)
            network.initialize(seed: config.run.seed, except: skipped)
            try prepare(network)
            start([("neck", neck), ("bbox_head", head)], objective)
            return AlignDetFCOS(
                online: network, momentumNeck: neck, momentumHead: head,
                settings: objective.settings(Self.sampler(stage.sampler)))
        case .two(let stages) where stages.cascade != nil:
            let network = assembly.cascadeRCNN(stages)
            let (neck, rpnHead, boxHeads) = assembly.momentumParts(
                of: network.backbone, stages, headCount: network.stages.count)
            network.initialize(seed: config.run.seed, except: skipped)
            try prepare(network)
            start(
                [("neck", neck), ("rpn_head", rpnHead)]
                    + boxHeads.enumerated().map { ("roi_head.bbox_head.\($0)", $1) }, objective)
            return AlignDetCascadeRCNN(
                online: network, neck: neck, rpnHead: rpnHead, boxHeads: boxHeads,
                settings: objective.settings(stages.sampler.sampler),
                refines: objective.switches.cascadeRefine ?? true)
        case .two(let stages):
            let network = assembly.fasterRCNN(stages)
            let (neck, rpnHead, boxHeads) = assembly.momentumParts(of: network.backbone, stages)
            network.initialize(seed: config.run.seed, except: skipped)
            try prepare(network)
            start([("neck", neck), ("rpn_head", rpnHead), ("roi_head.bbox_head", boxHeads[0])], objective)
            return AlignDetFasterRCNN(
                online: network, neck: neck, rpnHead: rpnHead, boxHead: boxHeads[0],
                settings: objective.settings(stages.sampler.sampler))
        case .set(let part):
            let network = try assembly.alignDETR(part, objective, config.batch)
            let head = assembly.detrHead(part, network.backbone, ownsQueries: false)
            network.initialize(seed: config.run.seed, except: skipped)
            try prepare(network)
            start([("", head)], objective)
            return AlignDetDETR(
                online: network, momentumHead: head,
                settings: AlignDetDETR.Settings(
                    objective.settings(RandomSampler(count: 0)), objectCost: objective.objectCost))
        }
    }

    private static func sampler(_ config: SamplerConfig?) -> RandomSampler {
        RandomSampler(count: config?.count ?? 0, negativesPerPositive: config?.negativesPerPositive ?? 0)
    }

    /// Starts a momentum network's parts with streams of their own.
    private func start(_ parts: [(name: String, module: any Module)], _ objective: ObjectiveConfig) {
        // A copy is overwritten as a whole.
        guard objective.switches.targetInitialisation != .copy else { return }
        MomentumParts(parts).initialize(seed: config.run.seed &+ 1)
    }

    private final class MomentumParts: Module {
        private let parts: [(name: String, module: any Module)]

        init(_ parts: [(name: String, module: any Module)]) { self.parts = parts }

        func visit(_ visitor: inout ParameterVisitor) {
            for (name, module) in parts where !name.isEmpty { visitor.visit(name, module) }
            for (name, module) in parts where name.isEmpty { module.visit(&visitor) }
        }
    }
}

extension ObjectiveConfig {
    fileprivate func settings(_ sampler: RandomSampler) -> AlignDetSettings {
        AlignDetSettings(
            temperature: Float(temperature), momentumStart: momentumStart, momentumEnd: momentumEnd,
            contrastiveWeight: Float(contrastiveWeight), boxWeight: Float(boxWeight),
            labelLayout: switches.retinaLabelLayout == .levelMajor ? .levelMajor : .imageMajor,
            targetStart: switches.targetInitialisation == .copy ? .copy : .independent,
            backgroundLabel: switches.backgroundLabel == .sentinel ? .sentinel : .embeddingDimension,
            sampler: sampler)
    }
}
