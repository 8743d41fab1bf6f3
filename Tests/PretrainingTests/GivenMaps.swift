import Detection
import NN
import Tensors

/// A backbone without layers: it returns the maps it was given, told apart by the height of the images.
final class GivenMaps: Backbone {
    let outputChannels: [Int]
    let frozenPrefixes = [""]
    private let maps: [Int: [Tensor]]

    /// - maps: C3, C4 and C5 by the images' height; C2 is never read.
    init(_ maps: [Int: [Tensor]]) {
        self.maps = maps
        outputChannels = [1] + (maps.first?.value ?? []).map(\.channelCount)
    }

    func callAsFunction(_ images: Tensor, _ tape: Tape) -> [Variable] {
        guard let given = maps[images.shape[1]] else {
            preconditionFailure("no maps for images \(images.shape)")
        }
        return [Variable(constant: Tensor(zeros: [1, 1, 1, 1]))] + given.map { Variable(constant: $0) }
    }

    func visit(_ visitor: inout ParameterVisitor) {}
}
