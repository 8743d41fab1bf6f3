internal import Checkpointing
internal import Detection
internal import DetectionData
internal import NN
internal import Tensors

/// What a frozen backbone sees in the crops of boxes: its last map, averaged over places, as a unit vector.
final class CropFeatures {
    /// Crops that go through the backbone at once.
    private static let batchSize = 32
    private let backbone: any Backbone
    private let collate: Collate
    private let side: Int
    /// Numbers of a feature.
    let dimension: Int

    /// The backbone of a configuration, frozen as a whole.
    /// - side: of the square to which crops are resized, whatever their shape; a multiple of 32.
    /// - Throws: for a configuration without backbone weights, and weights that do not fit.
    init(_ config: RunConfig, side: Int) throws {
        guard let weights = config.model.backbone.weights else {
            throw TrainingError(
                .configuration,
                "model.backbone.weights is none: a random backbone tells crops apart by chance",
                hint: "name the weights of a trained one")
        }
        backbone = ModelAssembly(config.model, reducer: LocalStatistics()).backbone()
        try WeightLoading.loadBackbone(try SafetensorsFile(path: weights.resolved), into: Holder(backbone))
        collate = config.collate
        self.side = side
        dimension = backbone.outputChannels[3]
    }

    /// Gives the backbone the name that weight files know it by.
    private final class Holder: Module {
        private let backbone: any Backbone

        init(_ backbone: any Backbone) { self.backbone = backbone }

        func visit(_ visitor: inout ParameterVisitor) { visitor.visit("backbone", backbone) }
    }

    /// The parts of an image that boxes enclose, in whole pixels and at least one, resized.
    static func crops(_ image: Image, _ boxes: [Box], side: Int) -> [Image] {
        boxes.map { box in
            let bounded = box.clipped(width: Float(image.width), height: Float(image.height))
            let x = min(Int(bounded.x1.rounded()), image.width - 1)
            let y = min(Int(bounded.y1.rounded()), image.height - 1)
            let width = max(1, Int(bounded.x2.rounded()) - x)
            let height = max(1, Int(bounded.y2.rounded()) - y)
            return Resize.bilinear(
                image.cropped(x: x, y: y, width: width, height: height), width: side, height: side)
        }
    }

    /// [crops, dimension], each row of length 1, or 0 where the backbone is silent.
    func callAsFunction(_ crops: [Image]) throws(DataError) -> [Float] {
        var features: [Float] = []
        features.reserveCapacity(crops.count * dimension)
        for start in stride(from: 0, to: crops.count, by: Self.batchSize) {
            let samples = crops[start..<min(start + Self.batchSize, crops.count)].map {
                Sample(image: $0, boxes: [], labels: [], boxIDs: [], imageID: 0)
            }
            let tape = Tape(recording: false)
            let map = backbone(try collate.batch(samples).images(tape.dtype), tape)[3].tensor
            features += Self.unitAverages(map, count: samples.count, dimension: dimension)
        }
        return features
    }

    /// - map: [count, H, W, dimension].
    private static func unitAverages(_ map: Tensor, count: Int, dimension: Int) -> [Float] {
        let places = map.count / (count * dimension)
        return (0..<count).flatMap { n -> [Float] in
            var sums = [Double](repeating: 0, count: dimension)
            for place in 0..<places {
                let row = map.floats + (n * places + place) * dimension
                for i in 0..<dimension { sums[i] += Double(row[i]) }
            }
            let length = sums.reduce(0) { $0 + $1 * $1 }.squareRoot()
            return sums.map { length > 0 ? Float($0 / length) : 0 }
        }
    }
}
