internal import DetectionData
internal import Foundation
internal import Randomness
internal import Training

/// Random photographs with random boxes, in the form that the objective of a recipe takes.
struct SyntheticBatches {
    private let isPretraining: Bool
    private let classCount: Int
    private let hasMasks: Bool
    private let size: PixelSize
    private let count: Int

    init(_ config: RunConfig, size: PixelSize, count: Int) {
        isPretraining = config.task == .pretrain
        classCount = config.model.classCount ?? 1
        hasMasks = config.model.hasMasks
        self.size = size
        self.count = count
    }

    /// The views of one micro-batch: two with 50 proposals an image in pre-training, else one with 8 boxes.
    func views(step: Int) -> [Batch] {
        let first = batch(step, view: 0)
        guard isPretraining else { return [first] }
        return [first, batch(step, view: 1)]
    }

    private func batch(_ step: Int, view: Int) -> Batch {
        var random = RandomSource(seed: 0, epoch: step, sample: view, purpose: .test)
        let pixels = (0..<count * size.height * size.width * 3).map { _ in random.uniform(in: -2...2) }
        return Batch(
            count: count, height: size.height, width: size.width, pixels: pixels,
            targets: (0..<count).map { target(step, image: $0) })
    }

    /// The same boxes in both views: nothing was flipped or scaled.
    private func target(_ step: Int, image: Int) -> Target {
        var random = RandomSource(seed: 1, epoch: step, sample: image, purpose: .test)
        let (width, height) = (Float(size.width), Float(size.height))
        let boxes = (0..<(isPretraining ? 50 : 8)).map { _ in
            isPretraining ? proposal(&random, width, height) : object(&random, width, height)
        }
        var target = Target(
            boxes: boxes,
            labels: boxes.map { _ in Int32(random.integer(in: 0...classCount - 1)) },
            boxIDs: boxes.indices.map { Int32($0) }, imageID: count * step + image, originalWidth: size.width,
            originalHeight: size.height, scaleX: 1, scaleY: 1, flipped: false, validWidth: size.width,
            validHeight: size.height)
        if hasMasks { target.masks = boxes.map(ellipse) }
        return target
    }

    /// An outline of 32 corners that touches the box's sides.
    private func ellipse(_ box: Box) -> Segmentation {
        .polygons([
            (0..<32).flatMap { corner in
                let angle = Double(corner) / 16 * Double.pi
                return [
                    Double(box.x1 + box.width / 2) + Double(box.width / 2) * cos(angle),
                    Double(box.y1 + box.height / 2) + Double(box.height / 2) * sin(angle),
                ]
            }
        ])
    }

    /// Anywhere, sides of 30 to 230 pixels, cut at the border.
    private func proposal(_ random: inout RandomSource, _ width: Float, _ height: Float) -> Box {
        let (x, y) = (random.uniform() * width, random.uniform() * height)
        let (w, h) = (30 + 200 * random.uniform(), 30 + 200 * random.uniform())
        return Box(x: x - w / 2, y: y - h / 2, width: w, height: h).clipped(width: width, height: height)
    }

    /// Away from the border, sides of 10 pixels to three tenths of the image more.
    private func object(_ random: inout RandomSource, _ width: Float, _ height: Float) -> Box {
        let (x, y) = (random.uniform(in: 0.2...0.8) * width, random.uniform(in: 0.2...0.8) * height)
        let (w, h) = (10 + 0.3 * width * random.uniform(), 10 + 0.3 * height * random.uniform())
        return Box(x: x - w / 2, y: y - h / 2, width: w, height: h).clipped(width: width, height: height)
    }
}
