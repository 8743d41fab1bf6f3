package import Detection
internal import Foundation
package import NN
internal import Tensors

/// From configuration words to network parts: the only place that switches on their names.
package struct ModelAssembly {
    let config: ModelConfig
    private let reducer: any StatisticsReducer

    package init(_ config: ModelConfig, reducer: any StatisticsReducer) {
        self.config = config
        self.reducer = reducer
    }

    /// What only detectors with a pyramid ask for.
    var neck: NeckConfig {
        guard let neck = config.neck else { preconditionFailure("\(config.detector) has no pyramid") }
        return neck
    }

    /// The detector of a configuration, not initialised.
    package func detector() -> any Detector {
        switch config.stages {
        case .one(let stage): retinaNet(stage)
        case .points(let stage): fcos(stage)
        case .two(let stages): stages.cascade == nil ? fasterRCNN(stages) : cascadeRCNN(stages)
        case .set(let part): detr(part)
        }
    }

    /// The same where only a RetinaNet will do, with its configuration.
    package func retinaNet() throws -> (network: RetinaNet, stage: OneStageConfig) {
        guard case .one(let stage) = config.stages else {
            throw TrainingError(
                .configuration, "model.detector is \(config.detector.rawValue)", hint: "this takes retinanet")
        }
        return (retinaNet(stage), stage)
    }

    /// A second neck and head of the same architecture, for a momentum network.
    package func momentumParts(of network: RetinaNet, _ stage: OneStageConfig) -> (
        neck: FPN, head: RetinaHead
    ) {
        (
            makeNeck(network.backbone),
            makeHead(stage.head, anchorShapeCount: network.anchorGenerator.shapeCount)
        )
    }

    /// The same of an FCOS.
    package func momentumParts(of network: FCOS, _ stage: PointStageConfig) -> (neck: FPN, head: FCOSHead) {
        (makeNeck(network.backbone), makeHead(stage))
    }

    package func retinaNet(_ stage: OneStageConfig) -> RetinaNet {
        let backbone = self.backbone()
        let generator = makeAnchors(stage.anchors)
        return RetinaNet(
            backbone: backbone, neck: makeNeck(backbone),
            head: makeHead(stage.head, anchorShapeCount: generator.shapeCount), anchorGenerator: generator,
            settings: makeSettings(stage))
    }

    /// - halvesStrides: whether points lie half as far apart as the configuration says.
    package func fcos(_ stage: PointStageConfig, halvesStrides: Bool = false) -> FCOS {
        let backbone = self.backbone()
        return FCOS(
            backbone: backbone, neck: makeNeck(backbone), head: makeHead(stage),
            pointGenerator: stage.points.generator(halvesStrides: halvesStrides), settings: stage.settings)
    }

    /// The backbone alone, not initialised.
    package func backbone() -> any Backbone {
        let part = config.backbone
        let norm: NormMode =
            switch part.norm {
            case .frozen, nil: .frozen
            case .affine: .evaluation
            case .batch: .batch
            case .sync: .sync
            }
        return Self.backbone(
            BackboneVariant(
                name: part.name, width: part.width ?? 1, hasFinalConvolution: part.finalConvolution ?? false),
            frozenStages: part.frozenStages, norm: norm, dropPath: Float(part.dropPath ?? 0),
            recomputedStages: part.recomputedStages ?? 0, reducer: reducer)
    }

    /// A backbone of a name, not initialised.
    static func backbone(
        _ variant: BackboneVariant, frozenStages: Int, norm: NormMode, dropPath: Float = 0,
        recomputedStages: Int = 0, reducer: any StatisticsReducer
    ) -> any Backbone {
        func resNet(_ depth: ResNet.Depth) -> ResNet {
            ResNet(
                depth, frozenStages: frozenStages, norm: norm, recomputedStages: recomputedStages,
                reducer: reducer)
        }
        func swin(_ shape: SwinShape) -> SwinTransformer {
            SwinTransformer(
                shape, frozenStages: frozenStages, dropPath: dropPath, recomputedStages: recomputedStages)
        }
        return switch variant.name {
        case .resnet18: resNet(.eighteen)
        case .resnet34: resNet(.thirtyFour)
        case .resnet50: resNet(.fifty)
        case .resnet101: resNet(.hundredOne)
        case .mobilenetV2:
            MobileNetV2(
                width: variant.width, hasFinalConvolution: variant.hasFinalConvolution,
                frozenStages: frozenStages, norm: norm, recomputedStages: recomputedStages, reducer: reducer)
        case .swinTiny: swin(.tiny)
        case .swinSmall: swin(.small)
        case .swinBase: swin(.base)
        case .swinLarge: swin(.large)
        }
    }

    func makeNeck(_ backbone: any Backbone) -> FPN {
        let part = neck
        let norm = norm(part.norm)
        let source: FPN.ExtraSource =
            switch part.extraConvolutions {
            case .onInput: .input
            case .onOutput: .output
            case .none: .subsampledOutput
            }
        return FPN(
            inputs: backbone.outputChannels, channels: part.channels, startLevel: part.startLevel,
            levelCount: part.outputs, extraSource: source,
            rectifiesExtra: part.reluBeforeExtra, norm: norm)
    }

    /// - part: nil for none.
    func norm(_ part: NeckConfig.Norm?) -> (mode: NormMode, reducer: any StatisticsReducer)? {
        switch part {
        case nil, .some(.none): nil
        case .batch: (.batch, reducer)
        case .sync: (.sync, reducer)
        }
    }

    private func makeHead(_ part: HeadConfig, anchorShapeCount: Int) -> RetinaHead {
        let output: RetinaHead.Output =
            switch part.output {
            case .projection(let hidden, let embedding): .embedding(hidden: hidden, dimension: embedding)
            case .classification(let classes, let prior): .classes(classes, prior: Float(prior))
            }
        return RetinaHead(
            inputs: neck.channels, channels: part.channels, convolutionCount: part.stackedConvolutions,
            anchorShapeCount: anchorShapeCount, output: output)
    }

    private func makeHead(_ stage: PointStageConfig) -> FCOSHead {
        let output: FCOSHead.Output =
            switch stage.head.output {
            case .projection(let hidden, let embedding): .embedding(hidden: hidden, dimension: embedding)
            case .classification(let classes, let prior): .classes(classes, prior: Float(prior))
            }
        return FCOSHead(inputs: neck.channels, layout: stage.layout, output: output)
    }

    func makeAnchors(_ part: AnchorConfig) -> AnchorGenerator {
        let ratios = part.ratios.map { Float($0) }
        guard part.rounding == nil else {
            let sides = part.strides.map { stride in
                (0..<part.scalesPerOctave).map { i in
                    let octave = pow(2, Double(i) / Double(part.scalesPerOctave))
                    return Float((Double(stride) * part.baseScale * octave).rounded(.down))
                }
            }
            return AnchorGenerator(roundedSides: sides, ratios: ratios, strides: part.strides)
        }
        return AnchorGenerator(
            baseScale: Float(part.baseScale), scalesPerOctave: part.scalesPerOctave, ratios: ratios,
            strides: part.strides, centreOffset: Float(part.offset))
    }

    private func makeSettings(_ stage: OneStageConfig) -> RetinaNet.Settings {
        RetinaNet.Settings(
            matcher: stage.assigner.matcher, boxLoss: stage.head.boxLoss.loss, normalization: .perBatch,
            candidatesPerLevel: stage.test?.preNMSCount ?? 0,
            scoreThreshold: Float(stage.test?.scoreThreshold ?? 1),
            suppressionThreshold: Float(stage.test?.nmsThreshold ?? 1),
            detectionLimit: stage.test?.maximumDetections ?? 0)
    }
}
