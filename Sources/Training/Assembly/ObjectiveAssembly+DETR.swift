internal import Detection
internal import Pretraining

extension ObjectiveConfig {
    var objectCost: AlignDetDETR.Settings.ObjectCost {
        switches.objectCost == .proposalIndex ? .proposalIndex : .none
    }

    /// Whether queries without an object weigh as much as others, and only matches count in the divisor.
    fileprivate var hasFlatClassLoss: Bool { switches.classLoss == .flat }
}

extension ModelAssembly {
    /// The online network of a pre-training, not initialised.
    /// - Throws: where proposals of a batch may outnumber the classes that stand for them.
    func alignDETR(
        _ part: SetDetectorConfig, _ objective: ObjectiveConfig, _ batch: BatchConfig
    ) throws -> DETR {
        if objective.objectCost == .proposalIndex {
            guard let limit = objective.proposalsPerImage, limit * batch.micro <= part.head.classes + 1 else {
                throw TrainingError(
                    .configuration,
                    "objective.proposals_per_image times batch.micro must not exceed \(part.head.classes + 1)",
                    hint:
                        "the released code asks each proposal's number for a class's probability: lower one of them, "
                        + "or set objective.switches.detr_object_cost=none")
            }
        }
        let plain = part.head.loss
        guard objective.hasFlatClassLoss else { return detr(part) }
        return detr(
            part,
            loss: SetLoss(
                matcher: plain.matcher, backgroundWeight: 1, classDivisor: .matches,
                countsUnmatchedObjects: plain.countsUnmatchedObjects))
    }
}
