package import Detection
package import DetectionData
package import NN
package import Tensors

/// AlignDet's box-domain pre-training of a DETR on unlabelled images with proposals and pseudo categories.
///
/// Each decoder layer's queries are matched to the proposals twice: by category for the detector's own
/// losses, and for the contrast, where a query's label is the proposal it has. The queries of all layers of
/// both views are compared at once: those of one proposal attract each other, all others repel.
/// - Source: Li et al., ICCV 2023, and liming-ai/AlignDet `dense_heads/detr_head.py` at d29f70b. Differs: the
///   momentum network shares the frozen backbone, and the defects that `Settings` names are corrected unless
/// asked for.
package final class AlignDetDETR: MomentumObjective {
    /// What the published code does otherwise than was meant.
    package struct Settings: Sendable {
        /// What stands for -p(class) where queries are matched to proposals for the contrast.
        package enum ObjectCost: Sendable {
            /// Nothing: boxes alone decide (the paper).
            case none
            /// The probability of the class whose number is the proposal's within the batch (the released
            /// code).
            case proposalIndex
        }

        package let shared: AlignDetSettings
        package let objectCost: ObjectCost

        package init(_ shared: AlignDetSettings, objectCost: ObjectCost) {
            (self.shared, self.objectCost) = (shared, objectCost)
        }
    }

    package let arena: ParameterArena
    package let lossNames: [String]
    private let online: DETR
    /// Without queries: both networks ask the online ones.
    private let branch: DETRHead
    package let momentum: MomentumPair
    private let settings: Settings

    /// Parts that have no start of their own in the published code, and so begin as a copy in any case.
    private static let copiedParts = ["in_proj", "input_proj.", "class_embed.", "bbox_embed.", "projector."]

    /// - online: initialised, with its backbone's weights loaded and frozen, and a head with a projection.
    /// - momentumHead: of the same architecture without queries, initialised.
    package init(online: DETR, momentumHead: DETRHead, settings: Settings) {
        precondition(
            online.head.projection != nil && momentumHead.projection != nil,
            "pre-training needs heads with a projection")
        self.online = online
        self.settings = settings
        branch = momentumHead
        arena = ParameterArena(online.trainedParameters)
        momentum = MomentumPair(online: arena, target: branch, settings.shared)
        lossNames = ["loss_contrastive"] + online.lossNames
        if settings.shared.targetStart == .independent {
            momentum.copyOnline { path in Self.copiedParts.contains { path.contains($0) } }
        }
    }

    package var network: any Module { online }
    package var targetNetwork: any Module { branch }

    package func losses(_ views: [Batch], at moment: StepMoment, _ tape: Tape) -> [LossTerm] {
        let (first, second) = AlignDetViews.features(views, online.backbone, tape.dtype)
        tape.lap(.backbone)
        let silent = tape.silent
        // Both networks drop out, as in the published code: the momentum one is in training mode too.
        func output(_ head: DETRHead, _ maps: [Variable], view: Int, _ tape: Tape) -> SetOutput {
            let batch = views[view]
            let draws = DrawKey(seed: moment.seed, step: moment.step, view: view)
            return head(
                maps[maps.count - 1], inputShape: [batch.count, batch.height, batch.width, 3], batch.targets,
                queriesOf: online.head, dropout: draws.dropout(rate: online.settings.dropout, batch.targets),
                tape)
        }
        let (queries, keys) = (
            output(online.head, first, view: 0, tape), output(branch, second, view: 1, silent)
        )
        tape.lap(.forward)
        let offsets = AlignDetViews.labelOffsets(views)
        let contrast = settings.shared.contrast(
            queries: embeddings(queries, online.head, tape), labels(queries, views[0].targets, offsets),
            keys: embeddings(keys, branch, silent).tensor, labels(keys, views[1].targets, offsets), tape)
        let own = online.settings.loss.terms(queries, views[0].targets, tape).map { term in
            term.name.hasSuffix("loss_cls")
                ? term
                : LossTerm(
                    term.name, sum: term.sum, divisor: term.divisor,
                    weight: term.weight * settings.shared.boxWeight)
        }
        return [contrast] + own
    }

    /// Of the queries of all layers, layer after layer and image after image.
    private func embeddings(_ output: SetOutput, _ head: DETRHead, _ tape: Tape) -> Variable {
        guard let projection = head.projection else { preconditionFailure("a head without a projection") }
        return projection(tape.concatenateRows(output.features.map(\.rows)), tape)
    }

    /// Each query's proposal in the batch, in the embeddings' order.
    private func labels(_ output: SetOutput, _ targets: [Target], _ offsets: [Int32]) -> [Int32] {
        let numbers = zip(targets, offsets).map { target, offset in target.boxIDs.map { offset + $0 } }
        let plain = online.settings.loss.matcher
        let usesIndex = settings.objectCost == .proposalIndex
        var loss = online.settings.loss
        loss.matcher = HungarianMatcher(
            classWeight: usesIndex ? plain.classWeight : 0, boxWeight: plain.boxWeight,
            overlapWeight: plain.overlapWeight)
        let costLabels = usesIndex ? numbers : numbers.map { $0.map { _ in 0 } }
        let queryCount = online.head.queryCount
        return output.logits.indices.flatMap { layer in
            var labels = [Int32](
                repeating: settings.shared.backgroundLabel.value, count: targets.count * queryCount)
            // Outputs that are no numbers make every loss one: labels do not matter then.
            for (n, pairs) in (loss.pairs(output, layer: layer, targets, labels: costLabels) ?? [])
                .enumerated()
            {
                for pair in pairs { labels[n * queryCount + pair.query] = numbers[n][pair.object] }
            }
            return labels
        }
    }
}
