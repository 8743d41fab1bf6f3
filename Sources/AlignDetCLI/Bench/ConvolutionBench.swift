internal import ArgumentParser
internal import Tensors

/// Convolutions alone, as the networks here have them, each direction for itself.
struct ConvolutionBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conv",
        abstract: "Convolutions of ResNet-50, FPN, RetinaNet's head and MobileNetV2 at 480x640.")

    @OptionGroup var arguments: BenchArguments
    @OptionGroup var filter: CaseFilter

    func run() throws {
        arguments.apply()
        let cases = [DType.float32, .bfloat16].flatMap { dtype in
            Self.shapes.flatMap { shape in
                shape.directions.map { Case(shape: shape, direction: $0, dtype: dtype) }
            }
        }
        for one in try filter.select(cases, name: \.name) {
            var line = BenchLine(case: "conv \(one.name)")
            line.add(Self.measure(one, iterations: arguments.iters))
            line.finish()
        }
    }

    struct Case {
        let shape: Shape
        let direction: Direction
        let dtype: DType

        var name: String {
            "\(shape.name) \(direction.rawValue)" + (dtype == .float32 ? "" : " \(dtype.rawValue)")
        }
    }

    enum Direction: String, CaseIterable {
        case forward
        case backwardData = "backward-data"
        case backwardWeights = "backward-weights"
    }

    /// One convolution of two images.
    struct Shape {
        let place: String
        let height: Int
        let width: Int
        let inputs: Int
        let outputs: Int
        let kernel: Int
        var stride = 1
        var groups = 1

        var name: String {
            "\(place) \(kernel)x\(kernel)" + (stride > 1 ? "/\(stride)" : "")
                + (groups > 1 ? " depthwise" : "")
                + " \(inputs)->\(outputs) at \(height)x\(width)"
        }

        /// Photographs need no gradient.
        var directions: [Direction] { inputs == 3 ? [.forward, .backwardWeights] : Direction.allCases }
    }

    /// One of each kind, at the sizes that 480x640 photographs give.
    static let shapes: [Shape] = [
        Shape(place: "r50-stem", height: 480, width: 640, inputs: 3, outputs: 64, kernel: 7, stride: 2),
        Shape(place: "r50-c2", height: 120, width: 160, inputs: 64, outputs: 64, kernel: 3),
        Shape(place: "r50-c2", height: 120, width: 160, inputs: 64, outputs: 256, kernel: 1),
        Shape(place: "r50-c2", height: 120, width: 160, inputs: 256, outputs: 64, kernel: 1),
        Shape(place: "r50-c3", height: 120, width: 160, inputs: 128, outputs: 128, kernel: 3, stride: 2),
        Shape(place: "r50-c3", height: 60, width: 80, inputs: 128, outputs: 128, kernel: 3),
        Shape(place: "r50-c3", height: 60, width: 80, inputs: 128, outputs: 512, kernel: 1),
        Shape(place: "r50-c4", height: 30, width: 40, inputs: 256, outputs: 256, kernel: 3),
        Shape(place: "r50-c4", height: 30, width: 40, inputs: 1024, outputs: 256, kernel: 1),
        Shape(place: "r50-c5", height: 15, width: 20, inputs: 512, outputs: 512, kernel: 3),
        Shape(place: "r50-c5", height: 15, width: 20, inputs: 512, outputs: 2048, kernel: 1),
        Shape(place: "fpn-lateral", height: 60, width: 80, inputs: 512, outputs: 256, kernel: 1),
        Shape(place: "fpn-p6", height: 15, width: 20, inputs: 2048, outputs: 256, kernel: 3, stride: 2),
        Shape(place: "head-p3", height: 60, width: 80, inputs: 256, outputs: 256, kernel: 3),
        Shape(place: "head-p5", height: 15, width: 20, inputs: 256, outputs: 256, kernel: 3),
        Shape(place: "head-p7", height: 4, width: 5, inputs: 256, outputs: 256, kernel: 3),
        Shape(place: "head-classes", height: 60, width: 80, inputs: 256, outputs: 720, kernel: 3),
        Shape(place: "head-boxes", height: 60, width: 80, inputs: 256, outputs: 36, kernel: 3),
        Shape(place: "mobilenet", height: 120, width: 160, inputs: 24, outputs: 144, kernel: 1),
        Shape(place: "mobilenet", height: 120, width: 160, inputs: 144, outputs: 144, kernel: 3, groups: 144),
        Shape(place: "mobilenet", height: 15, width: 20, inputs: 960, outputs: 960, kernel: 3, groups: 960),
        Shape(place: "mobilenet", height: 15, width: 20, inputs: 960, outputs: 320, kernel: 1),
    ]

    private static func measure(_ one: Case, iterations: Int) -> Measurement {
        let shape = one.shape
        let geometry = ConvolutionGeometry(
            stride: shape.stride, padding: shape.kernel / 2, groups: shape.groups)
        let x = Tensor(repeating: 0.5, shape: [2, shape.height, shape.width, shape.inputs])
            .converted(to: one.dtype)
        let kernel = [shape.outputs, shape.inputs / shape.groups, shape.kernel, shape.kernel]
        let weight = Tensor(repeating: 0.01, shape: kernel)
        let bias = Tensor(zeros: [shape.outputs])
        let packs = WeightPacks()
        let dy = Tensor(
            repeating: 0.5,
            shape: [
                2, geometry.outputSize(shape.height, kernel: shape.kernel),
                geometry.outputSize(shape.width, kernel: shape.kernel), shape.outputs,
            ]
        ).converted(to: one.dtype)
        let gradient = Tensor(zeros: kernel)
        return Measurement.of(iterations: iterations, prepare: {}) {
            switch one.direction {
            case .forward:
                _ = Convolution.forward(x, weight: weight, packs: packs, bias: bias, geometry: geometry)
            case .backwardData:
                _ = Convolution.backwardData(
                    dy, weight: weight, packs: packs, inputShape: x.shape, geometry: geometry)
            case .backwardWeights:
                Convolution.backwardWeights(
                    [(x, dy)], weightGradient: gradient, accumulate: false, geometry: geometry)
            }
        }
    }
}
