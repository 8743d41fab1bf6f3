import Detection

@testable import Pretraining

extension AlignDetSettings {
    /// What all fixtures of objectives share, and what each of them sets.
    static func golden(
        labelLayout: LabelLayout = .levelMajor, targetStart: TargetStart = .independent,
        background: BackgroundLabel = .sentinel, sampler: RandomSampler = RandomSampler(count: 0)
    ) -> AlignDetSettings {
        AlignDetSettings(
            temperature: 0.5, momentumStart: 0.996, momentumEnd: 1, contrastiveWeight: 1, boxWeight: 1,
            labelLayout: labelLayout, targetStart: targetStart, backgroundLabel: background, sampler: sampler)
    }
}
