import DetectionData
import NN
import Tensors
import TestSupport
import Testing

@testable import Detection

/// FCOS against torchvision's, from the same weights and images: `Golden/fcos/fcos`.
@Suite(.serialized) struct FCOSParityTests {
    private let golden: GoldenTensors
    private let network = TorchvisionFCOS.make()
    private let parity: DetectorParity

    init() throws {
        let golden = try GoldenTensors("fcos/fcos.safetensors")
        self.golden = golden
        TorchvisionFCOS.weights.fill(network, name: TorchvisionFCOS.name)
        let batch = try golden.batch("input.name", boxes: ["boxes.0", "boxes.1"], width: 160, height: 128)
        parity = try Self.parity(network, batch, golden)
    }

    /// - prefix: of the batch's losses.
    private static func parity(
        _ network: FCOS, _ batch: (images: Tensor, targets: [Target]), _ golden: GoldenTensors,
        prefix: String = ""
    ) throws -> DetectorParity {
        let losses = try zip(network.lossNames, ["classification", "bbox_regression", "bbox_ctrness"]).map {
            ($0, try golden.scalar("\(prefix)loss.\($1)"))
        }
        var parity = DetectorParity(network, batch, golden, losses: losses)
        parity.name = TorchvisionFCOS.name
        return parity
    }

    @Test func outputsMatch() throws {
        let tape = Tape(recording: false)
        let pyramid = network.neck(network.backbone(parity.images, tape), tape)
        for (level, map) in pyramid.enumerated() {
            try expectDigest(map.tensor, golden, "p\(level + 3)", relative: Tolerance.detector)
        }
        let output = network.head(pyramid, tape)
        for level in 0..<5 {
            let key = "p\(level + 3)"
            try expectDigest(
                output.logits[level].tensor, golden, "cls_logits.\(key)", relative: Tolerance.detector)
            // There the head itself cuts negative distances off.
            try expectDigest(
                tape.relu(output.boxes.distances[level]).tensor, golden, "bbox_regression.\(key)",
                relative: Tolerance.detector)
            try expectDigest(
                output.boxes.centreness[level].tensor, golden, "bbox_ctrness.\(key)",
                relative: Tolerance.detector)
        }
    }

    @Test func pointsMatch() throws {
        let points = network.pointGenerator.points(
            [(16, 20), (8, 10), (4, 5), (2, 3), (1, 2)], inputHeight: 128, inputWidth: 160)
        let own = points.levels.flatMap { level in
            (0..<level.count).flatMap { [level.x($0 % level.width), level.y($0 / level.width)] }
        }
        #expect(own == (try golden.floats("centres")))
    }

    @Test func lossesMatch() throws { try parity.lossesMatch() }

    /// On an image that lies far from all kinks: `make_fcos.py` says why.
    @Test(arguments: [KernelSet.fast, .plain])
    func everyGradientMatches(kernels: KernelSet) throws {
        let batch = try golden.batch("small.name", boxes: ["small.boxes"], width: 64, height: 64)
        try Self.parity(network, batch, golden, prefix: "small.").everyGradientMatches(kernels: kernels)
    }

    @Test func tenStepsGiveTheSameLosses() throws { try parity.tenStepsGiveTheSameLosses(rate: 1e-4) }

    @Test func detectionsAreTheSame() throws { try parity.detectionsAreTheSame() }

    @Test func aStepLeavesNoMemoryBehind() { parity.aStepLeavesNoMemoryBehind() }
}
