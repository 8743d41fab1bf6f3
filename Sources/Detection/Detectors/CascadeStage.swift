/// One of the second stages that a cascade runs one after the other.
package struct CascadeStage {
    package let boxHead: BBoxHead
    package let settings: RegionSettings
    /// What its losses are multiplied by.
    package let weight: Float
    /// There where the cascade finds masks.
    package let masks: MaskBranch?

    package init(boxHead: BBoxHead, settings: RegionSettings, weight: Float, masks: MaskBranch? = nil) {
        (self.boxHead, self.settings, self.weight, self.masks) = (boxHead, settings, weight, masks)
    }

    /// Its losses under names that say which one it is, such as `s0.loss_cls`.
    package func named(_ terms: [LossTerm], stage: Int) -> [LossTerm] {
        terms.map {
            LossTerm(
                Self.name($0.name, stage: stage), sum: $0.sum, divisor: $0.divisor, weight: $0.weight * weight
            )
        }
    }

    /// - Source: mmdetection 2.x `CascadeRoIHead.forward_train`.
    package static func name(_ loss: String, stage: Int) -> String { "s\(stage).\(loss)" }
}
