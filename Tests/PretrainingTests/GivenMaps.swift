import Detection
import NN
import Tensors

/// A backbone without layers: it returns the maps it was given, told apart by the height of the images.
final class GivenMaps: Backbone {
    let outputChannels: [Int]
    let frozenPrefixes = [""]
    private let maps: [Int: [Tensor]]

    /// - maps: C2 to C5 by the images' height, or C3 to C5 where C2 is never read.
    init(_ maps: [Int: [Tensor]]) {
        self.maps = maps.mapValues { $0.count == 3 ? [Tensor(zeros: [1, 1, 1, 1])] + $0 : $0 }
        outputChannels = (self.maps.first?.value ?? []).map(\.channelCount)
    }

    func callAsFunction(_ images: Tensor, paths: PathDraws?, _ tape: Tape) -> [Variable] {
        guard let given = maps[images.shape[1]] else {
            preconditionFailure("no maps for images \(images.shape)")
        }
        return given.map { Variable(constant: $0) }
    }

    func visit(_ visitor: inout ParameterVisitor) {}
}
