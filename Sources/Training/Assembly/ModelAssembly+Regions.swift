package import Detection
internal import NN
internal import Tensors

/// Detectors that propose regions and judge those.
extension ModelAssembly {
    package func fasterRCNN(_ stages: TwoStageConfig) -> FasterRCNN {
        let backbone = self.backbone()
        return FasterRCNN(
            backbone: backbone, neck: makeNeck(backbone), rpnHead: makeRPNHead(stages),
            boxHead: makeBoxHead(stages), anchorGenerator: makeAnchors(stages.anchors),
            extractor: makeExtractor(stages, bins: stages.roi.bins), rpn: stages.rpn.settings,
            regions: stages.regionSettings, masks: makeMasks(stages))
    }

    package func cascadeRCNN(_ stages: TwoStageConfig) -> CascadeRCNN {
        let backbone = self.backbone()
        return CascadeRCNN(
            backbone: backbone, neck: makeNeck(backbone), rpnHead: makeRPNHead(stages),
            proposer: RegionProposer(
                anchorGenerator: makeAnchors(stages.anchors), settings: stages.rpn.settings),
            extractor: makeExtractor(stages, bins: stages.roi.bins),
            stages: (stages.cascade ?? []).map {
                CascadeStage(
                    boxHead: makeBoxHead(stages), settings: stages.regionSettings(of: $0),
                    weight: Float($0.weight), masks: makeMasks(stages))
            })
    }

    /// A second neck and heads of the same architecture, for a momentum network.
    /// - headCount: of the second stage.
    package func momentumParts(
        of backbone: any Backbone, _ stages: TwoStageConfig, headCount: Int = 1
    ) -> (neck: FPN, rpnHead: RPNHead, boxHeads: [BBoxHead]) {
        (makeNeck(backbone), makeRPNHead(stages), (0..<headCount).map { _ in makeBoxHead(stages) })
    }

    private func makeExtractor(_ stages: TwoStageConfig, bins: Int) -> RoIExtractor {
        let roi = stages.roi
        return RoIExtractor(
            align: RoIAlign(bins: bins, sampleCount: roi.samplingRatio, isAligned: roi.aligned),
            strides: Array(stages.anchors.strides.prefix(roi.levelCount)),
            levelRule: .finest(side: Float(roi.finestScale)))
    }

    private func makeMasks(_ stages: TwoStageConfig) -> MaskBranch? {
        stages.mask.map { part in
            MaskBranch(
                head: MaskHead(
                    inputs: neck.channels, channels: part.channels, convolutionCount: part.convolutionCount,
                    classCount: config.classCount ?? 0, norm: norm(part.norm)),
                extractor: makeExtractor(stages, bins: part.bins),
                target: RoIAlign(bins: 2 * part.bins, sampleCount: 0, isAligned: stages.roi.aligned),
                roundsTargets: true, threshold: Float(part.threshold))
        }
    }

    private func makeRPNHead(_ stages: TwoStageConfig) -> RPNHead {
        RPNHead(
            inputs: neck.channels, channels: stages.rpn.channels,
            anchorShapeCount: makeAnchors(stages.anchors).shapeCount)
    }

    private func makeBoxHead(_ stages: TwoStageConfig) -> BBoxHead {
        let head = stages.head
        let output: BBoxHead.Output =
            switch head.output {
            case .projection(let hidden, let embedding, let slots):
                .embedding(hidden: hidden, dimension: embedding, boxSlots: slots)
            case .classification(let classes): .classes(classes)
            }
        return BBoxHead(
            inputs: neck.channels, bins: stages.roi.bins, convolutionCount: head.convolutionCount,
            convolutionChannels: head.convolutionChannels, layerCount: head.layerCount, width: head.width,
            sharesBoxes: head.classAgnostic, norm: norm(head.norm), output: output)
    }
}
