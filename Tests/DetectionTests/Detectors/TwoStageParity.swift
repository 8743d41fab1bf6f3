import DetectionData
import NN
import Tensors
import TestSupport
import Testing

@testable import Detection

/// A two-stage detector against torchvision's, from the same weights and images: `Golden/rcnn`.
struct TwoStageParity {
    let whole: DetectorParity
    private let network: FasterRCNN
    private let makeSmall: () -> FasterRCNN
    private var golden: GoldenTensors { whole.golden }

    /// - make: the detector, or its smaller form that gradients are compared on.
    init(_ file: String, make: @escaping (_ small: Bool) -> FasterRCNN) throws {
        network = make(false)
        makeSmall = { make(true) }
        whole = try Self.parity(
            network, try GoldenTensors("rcnn/\(file).safetensors"), images: "input.name",
            boxes: ["boxes.0", "boxes.1"], width: 96, height: 64)
    }

    /// On an image that lies far from all kinks: `make_rcnn.py` says why.
    func small() throws -> DetectorParity {
        try Self.parity(
            makeSmall(), golden, images: "small.name", boxes: ["small.boxes"], width: 64, height: 64,
            prefix: "small.")
    }

    /// The network with the fixture's weights, on one of its batches.
    /// - images: the metadata's entry of their name; boxes: an entry for each of them; prefix: of the losses.
    private static func parity(
        _ network: FasterRCNN, _ golden: GoldenTensors, images: String, boxes: [String], width: Int,
        height: Int, prefix: String = ""
    ) throws -> DetectorParity {
        TorchvisionFasterRCNN.fill(network)
        let batch = try golden.batch(images, boxes: boxes, width: width, height: height)
        let targets = batch.targets.map { target in
            var target = target.outlined
            // Labels without torchvision's background.
            target.labels = target.labels.map { $0 - 1 }
            return target
        }
        let names = [
            "loss_objectness": "loss_rpn_cls", "loss_rpn_box_reg": "loss_rpn_bbox",
            "loss_classifier": "loss_cls", "loss_box_reg": "loss_bbox", "loss_mask": "loss_mask",
        ]
        let losses = try golden.note("loss.names", as: [String].self).map { key in
            (try #require(names[key]), try golden.scalar("\(prefix)loss.\(key)"))
        }
        var parity = DetectorParity(network, (batch.images, targets), golden, losses: losses)
        parity.name = TorchvisionFasterRCNN.name
        parity.theirs = TorchvisionFasterRCNN.toTheirs
        return parity
    }

    private var pyramid: [Variable] {
        let tape = Tape(recording: false)
        return network.neck(network.backbone(whole.images, tape), tape)
    }

    func pyramidAndProposalsMatch() throws {
        let pyramid = pyramid
        for (level, map) in pyramid.enumerated() {
            try expectDigest(map.tensor, golden, "p\(level + 2)", relative: Tolerance.detector)
        }
        let proposals = network.proposer.propose(
            pyramid, network.rpnHead, inputShape: whole.images.shape, whole.targets,
            limits: network.proposer.settings.training, Tape(recording: false))
        for (i, boxes) in proposals.enumerated() {
            expectClose(
                boxes, try golden.boxes("proposals.\(i)"), relative: Tolerance.detector, "proposals")
        }
    }

    /// The small maps that masks are pasted from.
    func masksAreTheSame() throws {
        let branch = try #require(network.masks)
        let found = network.detect(whole.images, whole.targets)
        let maps = branch.probabilities(pyramid, found, Tape(recording: false))
        var row = 0
        for (i, objects) in found.enumerated() {
            try expectDigest(
                maps.prefix(row..<(row + objects.count)), golden, "detections.\(i).masks",
                relative: Tolerance.detector)
            row += objects.count
            #expect(objects.allSatisfy { $0.mask?.width == 96 && $0.mask?.height == 64 })
        }
    }
}
