package import DetectionData
internal import Foundation
internal import NN
package import Tensors

/// What makes a Faster R-CNN a Mask R-CNN: the pixels of each object in its region.
package struct MaskBranch {
    package let head: MaskHead
    private let extractor: RoIExtractor
    private let target: RoIAlign
    private let roundsTargets: Bool
    private let threshold: Float

    /// - target: how outlines are brought to the size of the head's output.
    /// - roundsTargets: whether a pixel half inside is made wholly so (mmdetection), or stays in between (torchvision).
    /// - threshold: probability from which on a pixel is found.
    package init(
        head: MaskHead, extractor: RoIExtractor, target: RoIAlign, roundsTargets: Bool, threshold: Float
    ) {
        self.head = head
        self.extractor = extractor
        self.target = target
        self.roundsTargets = roundsTargets
        self.threshold = threshold
    }

    /// Cross-entropy of the pixels of every region with an object, in the map of the object's class; their mean.
    package func loss(
        _ pyramid: [Variable], _ sampled: [SampledRegions], _ targets: [Target], _ tape: Tape
    ) -> LossTerm {
        let boxes = sampled.map { Array($0.boxes.prefix($0.positiveCount)) }
        let logits = head(extractor(pyramid, boxes, tape), tape)
        let labels = zip(sampled, targets).flatMap { regions, target in
            regions.truths.map { target.labels[$0] }
        }
        var truth: [Float] = []
        for (regions, image) in zip(sampled, targets) {
            var outlines = OutlineCrops(image, align: target)
            for (box, object) in zip(regions.boxes, regions.truths) {
                let crop = outlines.crop(of: object, box)
                truth += roundsTargets ? crop.map { $0 >= 0.5 ? 1 : 0 } : crop
            }
        }
        let part = BinaryCrossEntropy.sum(Self.maps(logits.tensor, of: labels), targets: truth)
        let gradient = Tensor(zeros: logits.shape)
        let (pixels, classes) = (logits.shape[1] * logits.shape[2], logits.shape[3])
        for (r, label) in labels.enumerated() {
            for p in 0..<pixels {
                gradient.floats[(r * pixels + p) * classes + Int(label)] =
                    part.gradient.floats[r * pixels + p]
            }
        }
        return LossTerm(
            "loss_mask", sum: tape.scalar(part.sum, gradients: [(logits, gradient)]),
            divisor: Double(max(1, truth.count)))
    }

    /// The pixels of objects, in each image's own size.
    /// - probabilities: one map per object; found: in network-input pixels.
    package func masks(
        _ probabilities: Tensor, _ found: [[DetectedObject]], _ targets: [Target]
    ) -> [[RLEMask]] {
        var row = 0
        return zip(found, targets).map { objects, target in
            objects.map { object in
                defer { row += 1 }
                return MaskPasting.paste(
                    probabilities.prefix(row..<(row + 1)), threshold: threshold,
                    into: object.box.scaled(x: 1 / target.scaleX, y: 1 / target.scaleY),
                    width: target.originalWidth, height: target.originalHeight)
            }
        }
    }

    /// The map of each object's class, [R, 2 B, 2 B].
    package func probabilities(_ pyramid: [Variable], _ found: [[DetectedObject]], _ tape: Tape) -> Tensor {
        let labels = found.flatMap { $0.map(\.label) }
        guard !labels.isEmpty else { return Tensor(zeros: [0, target.bins, target.bins]) }
        let logits = head(extractor(pyramid, found.map { $0.map(\.box) }, tape), tape)
        return Elementwise.sigmoid(Self.maps(logits.tensor, of: labels))
    }

    /// One map per region: that of its label.
    private static func maps(_ logits: Tensor, of labels: [Int32]) -> Tensor {
        let (pixels, classes) = (logits.shape[1] * logits.shape[2], logits.shape[3])
        let out = Tensor(uninitialized: [labels.count, logits.shape[1], logits.shape[2]])
        for (r, label) in labels.enumerated() {
            precondition(label >= 0 && Int(label) < classes, "label \(label) of \(classes)")
            for p in 0..<pixels {
                out.floats[r * pixels + p] = logits.floats[(r * pixels + p) * classes + Int(label)]
            }
        }
        return out
    }
}
