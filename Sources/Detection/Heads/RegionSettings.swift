package import DetectionData
package import NN
package import Tensors

/// What training and testing the second stage need to know beyond its layers.
package struct RegionSettings: Sendable {
    package let matcher: MaxIoUMatcher
    package let sampler: RandomSampler
    package let deviations: BoxCoder.Deviations
    package let boxLoss: BoxRegressionLoss
    package let scoreThreshold: Float
    package let suppressionThreshold: Double
    package let detectionLimit: Int
    /// Detections narrower or lower than this are dropped.
    package let minimumSide: Float

    package init(
        matcher: MaxIoUMatcher, sampler: RandomSampler, deviations: BoxCoder.Deviations,
        boxLoss: BoxRegressionLoss,
        scoreThreshold: Float, suppressionThreshold: Double, detectionLimit: Int, minimumSide: Float
    ) {
        self.matcher = matcher
        self.sampler = sampler
        self.deviations = deviations
        self.boxLoss = boxLoss
        self.scoreThreshold = scoreThreshold
        self.suppressionThreshold = suppressionThreshold
        self.detectionLimit = detectionLimit
        self.minimumSide = minimumSide
    }

    /// The regions of every image that the second stage trains on.
    /// - stage: which of a cascade's, from 0.
    package func sample(
        _ proposals: [[Box]], _ targets: [Target], _ draws: DrawKey, stage: Int = 0
    ) -> [SampledRegions] {
        zip(proposals, targets).map { boxes, target in
            var random = draws.source(.regions(stage: stage), target)
            return SampledRegions(boxes, target, matcher: matcher, sampler: sampler, random: &random)
        }
    }

    /// Regions moved by the offsets that all classes share, inside the picture: constants, as proposals are.
    /// - deltas: [R, 4], one row per region of all images; rows beyond them are ignored.
    package func moved(_ regions: [[Box]], _ deltas: Tensor, _ targets: [Target]) -> [[Box]] {
        precondition(deltas.shape[1] == 4, "\(deltas.shape[1] / 4) boxes of a region that shall move")
        var row = 0
        return zip(regions, targets).map { boxes, target in
            boxes.map { box in
                defer { row += 1 }
                return BoxCoder.decode(reference: box, deltas: deltas.floats + 4 * row, deviations)
                    .clipped(width: Float(target.validWidth), height: Float(target.validHeight))
            }
        }
    }

    /// What a next stage starts from: the sampled regions moved, without the targets' own boxes among them.
    /// - Source: mmdetection 2.x `BBoxHead.refine_bboxes`.
    package func refined(_ sampled: [SampledRegions], _ deltas: Tensor, _ targets: [Target]) -> [[Box]] {
        zip(sampled, moved(sampled.map(\.boxes), deltas, targets)).map { regions, boxes in
            Array(boxes.dropFirst(regions.ownCount))
        }
    }
}
