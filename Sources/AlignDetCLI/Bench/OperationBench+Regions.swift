internal import Detection
internal import DetectionData
internal import Randomness
internal import Tensors

extension OperationBench {
    /// What two-stage detectors do with regions, at the sizes of a large photograph.
    static var regions: [Operation] { roiAlign + [suppression] }

    /// 1024 regions of 7x7 bins from one map of stride 4, two samples a bin's side.
    private static var roiAlign: [Operation] {
        let side = 160
        let boxes = randomBoxes(1024, imageSide: Float(4 * side))
        let corners = Tensor(boxes.flatMap { [$0.x1, $0.y1, $0.x2, $0.y2] }, shape: [boxes.count, 4])
        let regions = RoIAlign.Regions(
            boxes: corners, images: boxes.map { _ in 0 }, levels: boxes.map { _ in 0 })
        let align = RoIAlign(bins: 7, sampleCount: 2, isAligned: true)
        return taped(
            "roi-align 1024 of 7x7", forwardBytes: nil, backwardBytes: nil, inputs: [[1, side, side, 256]]
        ) { inputs, tape in tape.roiAlign(inputs, strides: [4], regions, align) }
    }

    private static var suppression: Operation {
        Operation(name: "nms of 8000", byteCount: nil) { iterations in
            let boxes = randomBoxes(8000, imageSide: 640)
            var random = RandomSource(seed: 1, epoch: 0, sample: 0, purpose: .test)
            let scores = boxes.map { _ in random.uniform() }
            let groups = boxes.map { _ in Int32(0) }
            return Measurement.of(iterations: iterations, prepare: {}) {
                _ = NonMaximumSuppression.survivors(
                    boxes, scores: scores, groups: groups, threshold: 0.7, limit: boxes.count)
            }
        }
    }

    /// Sides of 16 to 216 pixels.
    private static func randomBoxes(_ count: Int, imageSide: Float) -> [Box] {
        var random = RandomSource(seed: 0, epoch: 0, sample: 0, purpose: .test)
        return (0..<count).map { _ in
            let (w, h) = (16 + 200 * random.uniform(), 16 + 200 * random.uniform())
            return Box(
                x: random.uniform() * (imageSide - w), y: random.uniform() * (imageSide - h), width: w, height: h)
        }
    }
}
