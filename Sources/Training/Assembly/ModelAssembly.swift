package import Detection
internal import Foundation
package import NN

/// From configuration words to network parts: the only place that switches on their names.
package struct ModelAssembly {
    private let config: ModelConfig
    private let reducer: any StatisticsReducer

    package init(_ config: ModelConfig, reducer: any StatisticsReducer) {
        self.config = config
        self.reducer = reducer
    }

    /// The network of a configuration, not initialised.
    package func retinaNet() -> RetinaNet {
        let backbone = makeBackbone()
        return RetinaNet(
            backbone: backbone, neck: makeNeck(backbone), head: makeHead(), anchorGenerator: anchorGenerator,
            settings: settings)
    }

    /// A second neck and head of the same architecture, for a momentum network.
    package func momentumParts(of network: RetinaNet) -> (neck: FPN, head: RetinaHead) {
        (makeNeck(network.backbone), makeHead())
    }

    private func makeBackbone() -> any Backbone {
        let part = config.backbone
        let norm: NormMode =
            switch part.norm {
            case .frozen: .frozen
            case .affine: .evaluation
            case .batch: .batch
            case .sync: .sync
            }
        return Self.backbone(part.name, frozenStages: part.frozenStages, norm: norm, reducer: reducer)
    }

    /// A backbone of a name, not initialised.
    static func backbone(
        _ name: BackboneConfig.Name, frozenStages: Int, norm: NormMode, reducer: any StatisticsReducer
    ) -> any Backbone {
        func resNet(_ depth: ResNet.Depth) -> ResNet {
            ResNet(depth, frozenStages: frozenStages, norm: norm, reducer: reducer)
        }
        return switch name {
        case .resnet18: resNet(.eighteen)
        case .resnet34: resNet(.thirtyFour)
        case .resnet50: resNet(.fifty)
        case .mobilenetV2: MobileNetV2(frozenStages: frozenStages, norm: norm, reducer: reducer)
        }
    }

    private func makeNeck(_ backbone: any Backbone) -> FPN {
        let part = config.neck
        let norm: (mode: NormMode, reducer: any StatisticsReducer)? =
            switch part.norm {
            case .none: nil
            case .batch: (.batch, reducer)
            case .sync: (.sync, reducer)
            }
        return FPN(
            inputs: backbone.outputChannels, channels: part.channels, startLevel: part.startLevel,
            levelCount: part.outputs, extraSource: part.extraConvolutions == .onInput ? .input : .output,
            rectifiesExtra: part.reluBeforeExtra, norm: norm)
    }

    private func makeHead() -> RetinaHead {
        let part = config.head
        let output: RetinaHead.Output =
            switch part.output {
            case .projection(let hidden, let embedding): .embedding(hidden: hidden, dimension: embedding)
            case .classification(let classes, let prior): .classes(classes, prior: Float(prior))
            }
        return RetinaHead(
            inputs: config.neck.channels, channels: part.channels, convolutionCount: part.stackedConvolutions,
            anchorShapeCount: anchorGenerator.shapeCount, output: output)
    }

    private var anchorGenerator: AnchorGenerator {
        let part = config.anchors
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

    private var settings: RetinaNet.Settings {
        let assigner = config.assigner
        let boxLoss: RetinaNet.Settings.BoxLoss =
            switch config.head.boxLoss {
            case .l1: .offsets(.l1)
            case .smoothL1: .offsets(.smoothL1(beta: 1 / 9))
            case .giou: .giou
            }
        return RetinaNet.Settings(
            matcher: MaxIoUMatcher(
                positive: Float(assigner.positive), negative: Float(assigner.negative),
                minimumPositive: Float(assigner.minimumPositive),
                lowQuality: assigner.lowQuality ? .claimingBox : .none),
            boxLoss: boxLoss, normalization: .perBatch, candidatesPerLevel: config.test?.preNMSCount ?? 0,
            scoreThreshold: Float(config.test?.scoreThreshold ?? 1),
            suppressionThreshold: Float(config.test?.nmsThreshold ?? 1),
            detectionLimit: config.test?.maximumDetections ?? 0)
    }
}
