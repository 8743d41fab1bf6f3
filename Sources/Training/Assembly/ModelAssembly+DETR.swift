package import Detection
internal import NN

extension ModelAssembly {
    /// A DETR, not initialised.
    /// - loss: nil for the configuration's.
    package func detr(_ part: SetDetectorConfig, loss: SetLoss? = nil) -> DETR {
        let backbone = self.backbone()
        return DETR(
            backbone: backbone, head: detrHead(part, backbone),
            settings: DETR.Settings(
                loss: loss ?? part.head.loss, dropout: Float(part.head.dropout),
                detectionLimit: part.test?.maximumDetections ?? 0, clipsBoxes: part.head.flavour == .mmdet))
    }

    /// Everything behind a backbone; without queries a second one, for a momentum network.
    package func detrHead(
        _ part: SetDetectorConfig, _ backbone: any Backbone, ownsQueries: Bool = true
    ) -> DETRHead {
        let head = part.head
        return DETRHead(
            inputs: backbone.outputChannels[3],
            shape: TransformerShape(
                width: head.channels, headCount: head.heads, hidden: head.feedForward,
                encoderLayerCount: head.encoderLayers, decoderLayerCount: head.decoderLayers,
                isPreNorm: head.preNorm, zeroBiases: head.flavour == .mmdet),
            queryCount: head.queries, classCount: head.classes, projection: head.embedding,
            ownsQueries: ownsQueries)
    }
}

extension SetHeadConfig {
    var loss: SetLoss {
        SetLoss(
            matcher: HungarianMatcher(
                classWeight: Float(classWeight), boxWeight: Float(boxWeight),
                overlapWeight: Float(overlapWeight)),
            backgroundWeight: Float(backgroundWeight), classDivisor: .weights,
            countsUnmatchedObjects: flavour == .original)
    }
}
