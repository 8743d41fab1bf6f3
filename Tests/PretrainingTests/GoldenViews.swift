import Detection
import DetectionData
import Tensors
import TestSupport
import Testing

@testable import Pretraining

/// Two views of two pictures without pixels, the maps that stand for a backbone's, and PyTorch's numbers for
/// an objective on them.
struct GoldenViews {
    let golden: GoldenTensors
    let views: [Batch]
    let backbone: GivenMaps

    /// Of the largest element of a parameter's gradient, and of the loss.
    static let tolerance = 1e-5
    static let moment = StepMoment(seed: 1, step: 0, stepCount: 100)

    /// - levels: of the maps; sizes: the entry of the pictures' sizes in a view, where they do not fill it.
    /// - firstBoxIDs: the number of each picture's first box.
    init(
        _ path: String, levels: ClosedRange<Int>, sizes: String? = nil, isLabelled: Bool = false,
        firstBoxIDs: [Int32] = [0, 0]
    ) throws {
        let golden = try GoldenTensors(path)
        self.golden = golden
        views = try (1...2).map { number in
            let size = try golden.integers("view\(number).size")
            let valid = try sizes.map { try golden.integers("view\(number).\($0)") } ?? size + size
            let targets = try (0..<2).map { i in
                let boxes = try golden.boxes("view\(number).boxes.\(i)")
                return Target(
                    boxes: boxes,
                    labels: isLabelled ? try golden.labels("labels.\(i)") : boxes.map { _ in 0 },
                    boxIDs: boxes.indices.map { firstBoxIDs[i] + Int32($0) }, imageID: i,
                    originalWidth: size[1], originalHeight: size[0], scaleX: 1, scaleY: 1, flipped: false,
                    validWidth: valid[2 * i + 1], validHeight: valid[2 * i])
            }
            return Batch(
                count: 2, height: size[0], width: size[1],
                pixels: [Float](repeating: 0, count: 2 * size[0] * size[1] * 3), targets: targets)
        }
        var maps: [Int: [Tensor]] = [:]
        for (v, view) in views.enumerated() {
            maps[view.height] = try levels.map { try golden.tensor("view\(v + 1).c\($0)") }
        }
        backbone = GivenMaps(maps)
    }

    /// Backward through one of the losses alone, against the fixture's entries below `key`.
    func expectLoss(
        _ name: String, of objective: any Objective, named key: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let terms = objective.arena.backward { tape in
            let terms = objective.losses(views, at: Self.moment, tape)
            #expect(terms.map(\.name) == objective.lossNames, sourceLocation: sourceLocation)
            return terms.filter { $0.name == name }
        }
        try #require(terms.count == 1, "\(name)", sourceLocation: sourceLocation)
        expectClose(
            Double(terms[0].value), try golden.scalar("\(key).loss"), relative: Self.tolerance, "\(key).loss",
            sourceLocation: sourceLocation)
        try golden.expectGradients(
            of: objective.arena, below: key, relative: Self.tolerance, sourceLocation: sourceLocation)
    }
}
