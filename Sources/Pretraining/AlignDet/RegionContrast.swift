internal import Detection
internal import DetectionData
internal import NN
internal import Tensors

/// AlignDet's contrast between the sampled regions of two views.
struct RegionContrast {
    let settings: AlignDetSettings

    /// - queries, keys: embeddings of the online and of the momentum network's regions, [R, D]; rows beyond the regions
    ///   stand for nothing.
    /// - offsets: the label of each image's first proposal.
    func term(
        queries: Variable, _ online: [SampledRegions], _ first: [Target], keys: Variable,
        _ target: [SampledRegions],
        _ second: [Target], _ offsets: [Int32], _ tape: Tape
    ) -> LossTerm {
        let queryLabels = labels(online, first, offsets)
        let keyLabels = labels(target, second, offsets)
        return settings.contrast(
            queries: tape.gatherRows(queries, queryLabels.indices.map { Int32($0) }), queryLabels,
            keys: keys.tensor.prefix(0..<keyLabels.count), keyLabels, tape)
    }

    /// Every region's proposal, numbered through the batch, or the background.
    private func labels(_ sampled: [SampledRegions], _ targets: [Target], _ offsets: [Int32]) -> [Int32] {
        sampled.enumerated().flatMap { n, regions in
            regions.truths.map { offsets[n] + targets[n].boxIDs[$0] }
                + [Int32](
                    repeating: settings.backgroundLabel.value,
                    count: regions.boxes.count - regions.positiveCount)
        }
    }
}
