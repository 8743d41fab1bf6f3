internal import CKernels
package import Randomness

/// Which elements one dropout lets through: a function of the random source and of each element's position.
///
/// Nothing is stored: backward makes the same numbers again.
package struct DropoutMask: Sendable {
    /// Probability of an element to become 0; in [0, 1).
    package let rate: Float
    private let source: RandomSource

    package init(rate: Float, _ source: RandomSource) {
        precondition(rate >= 0 && rate < 1, "dropout at rate \(rate)")
        self.rate = rate
        self.source = source
    }

    /// The same numbers as the source's, for the kernel.
    private var stream: ck_random_stream {
        ck_random_stream(
            key: (source.key.0, source.key.1), stream: (source.stream.0, source.stream.1, source.stream.2))
    }

    /// y = x / (1 - rate) or 0; elements `first` ..< `first + count` of the whole. In place allowed.
    func apply(_ x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>, first: Int, count: Int) {
        var stream = stream
        ck_dropout(&stream, Int64(first), Int64(count), rate, x, y)
    }
}

/// The dropouts of one forward pass, in the order in which they are met.
///
/// A network gets one in training and none in evaluation.
package final class DropoutStream {
    private let rate: Float
    private let source: (_ place: Int) -> RandomSource
    private var place = 0

    /// - source: the random source of the n-th dropout.
    package init(rate: Float, source: @escaping (_ place: Int) -> RandomSource) {
        self.rate = rate
        self.source = source
    }

    /// The next dropout's mask; nil where nothing is dropped.
    package func next() -> DropoutMask? {
        defer { place += 1 }
        return rate > 0 ? DropoutMask(rate: rate, source(place)) : nil
    }
}

extension Tape {
    /// x / (1 - rate), or 0 where the mask says so; x itself without a mask.
    package func dropout(_ x: Variable, _ mask: DropoutMask?) -> Variable {
        guard let mask else { return x }
        let y = Tensor(uninitialized: x.shape)
        mask.apply(x.tensor.floats, to: y.floats, first: 0, count: y.count)
        return record(y, inputs: [x]) { dy, tape in
            let dx = dy.reusable()
            mask.apply(dy.floats, to: dx.floats, first: 0, count: dx.count)
            tape.add(dx, to: x)
        }
    }
}
