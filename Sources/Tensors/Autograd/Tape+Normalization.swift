internal import CKernels

/// Per-channel sums of one normalization layer, to be added up over whoever shares its statistics.
/// `values` holds two sums per channel and, last, the count of rows.
package typealias StatisticsReduction = (_ values: inout [Double]) -> Void

extension Tape {
    /// y = activation(x scale + shift [+ addend]) with constant scale and shift per channel: a batch norm that is not
    /// updated.
    /// - x, addend: [..., C]; scale, shift: [C].
    package func scaleShift(
        _ x: Variable, scale: Tensor, shift: Tensor, addend: Variable? = nil, activation: Activation = .none
    ) -> Variable {
        Self.check(addend, for: x)
        let y = Tensor(uninitialized: x.shape, dtype: x.dtype)
        let (type, rows, channels) = (x.dtype.code, Int64(x.tensor.rowCount), Int64(x.tensor.channelCount))
        ck_scale_shift(
            type, rows, channels, x.tensor.raw, scale.floats, shift.floats, addend?.tensor.raw,
            activation == .none ? 0 : 1, activation.ceiling, y.raw)
        // With an addend the gradient comes masked: both ways back begin with it.
        let rectified = addend == nil ? nil : Rectified(y, activation)
        let mask = addend != nil || activation == .none ? nil : y
        return record(y, inputs: [x] + (addend.map { [$0] } ?? []), rectified: rectified) { dy, tape in
            if let addend { tape.add(dy, to: addend) }
            let dx = dy.reusable()
            ck_scale_shift_backward(
                type, rows, channels, mask?.raw, activation.ceiling, dy.raw, scale.floats, dx.raw)
            tape.add(dx, to: x)
        }
    }

    /// Batch normalization, y = activation((x - mean) / sqrt(variance + epsilon) weight + bias [+ addend]).
    /// - x, addend: [..., C]; weight, bias: [C].
    /// - statistics: given mean and variance (a layer that no longer updates them), or nil to take them over the rows
    ///   of all batches that `reduce` adds up, as SyncBN does.
    /// - Returns: y, and mean, biased variance and row count where they were measured.
    package func batchNorm(
        _ x: Variable, weight: Leaf, bias: Leaf, statistics: (mean: [Float], variance: [Float])?,
        epsilon: Float,
        addend: Variable? = nil, activation: Activation = .none, reduce: @escaping StatisticsReduction
    ) -> (y: Variable, mean: [Double], variance: [Double], rowCount: Double) {
        let channels = x.tensor.channelCount
        let measured = statistics == nil ? Self.moments(x.tensor, reduce) : nil
        let mean = statistics?.mean ?? measured?.mean.map { Float($0) } ?? []
        let deviation =
            statistics.map { $0.variance.map { 1 / ($0 + epsilon).squareRoot() } }
            ?? measured?.variance.map { Float(1 / ($0 + Double(epsilon)).squareRoot()) } ?? []
        let scale = (0..<channels).map { weight.value.floats[$0] * deviation[$0] }
        let shift = (0..<channels).map { bias.value.floats[$0] - mean[$0] * scale[$0] }
        Self.check(addend, for: x)
        let y = Tensor(uninitialized: x.shape, dtype: x.dtype)
        let (type, rows) = (x.dtype.code, Int64(x.tensor.rowCount))
        ck_scale_shift(
            type, rows, Int64(channels), x.tensor.raw, scale, shift, addend?.tensor.raw,
            activation == .none ? 0 : 1,
            activation.ceiling, y.raw)
        let total = measured?.rowCount ?? 0
        // With an addend the gradient comes masked: both ways back begin with it.
        let rectified = addend == nil ? nil : Rectified(y, activation)
        let mask = addend != nil || activation == .none ? nil : y
        let out = record(
            y, inputs: [x] + (addend.map { [$0] } ?? []), leaves: [weight, bias], rectified: rectified
        ) { dy, tape in
            if let addend { tape.add(dy, to: addend) }
            let mask = mask?.raw
            var sums = [Double](repeating: 0, count: 2 * channels + 1)
            sums.withUnsafeMutableBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return }
                ck_batch_norm_gradient_sums(
                    type, rows, Int64(channels), x.tensor.raw, mask, activation.ceiling, dy.raw, mean,
                    deviation,
                    base, base + channels)
            }
            bias.withGradient { Self.put(sums[0..<channels], into: $0, accumulate: $1) }
            weight.withGradient { Self.put(sums[channels..<(2 * channels)], into: $0, accumulate: $1) }
            guard x.needsGradient || measured != nil else { return }
            // Measured statistics depend on x, and so does every rank's share of them.
            if measured != nil { reduce(&sums) }
            let share: (Int) -> Float = { measured == nil ? 0 : Float(sums[$0] / total) }
            guard x.needsGradient else { return }
            let dx = dy.reusable()
            ck_batch_norm_backward(
                type, rows, Int64(channels), x.tensor.raw, mask, activation.ceiling, dy.raw, mean, deviation,
                weight.value.floats, (0..<channels).map(share), (0..<channels).map { share(channels + $0) },
                dx.raw)
            tape.add(dx, to: x)
        }
        return (out, measured?.mean ?? [], measured?.variance ?? [], total)
    }

    /// Group normalization: each image's statistics over all its pixels and a group of neighbouring channels.
    /// - x: [N, ..., C]; weight, bias: [C]; groupCount divides C.
    /// - Source: Wu and He 2018; numbers as PyTorch's `group_norm`.
    package func groupNorm(
        _ x: Variable, weight: Leaf, bias: Leaf, groupCount: Int, epsilon: Float,
        activation: Activation = .none
    ) -> Variable {
        let (imageCount, channels) = (x.shape[0], x.tensor.channelCount)
        precondition(channels % groupCount == 0, "\(channels) channels in \(groupCount) groups")
        let rows = imageCount == 0 ? 0 : x.tensor.rowCount / imageCount
        let sizes = (Int64(imageCount), Int64(rows), Int64(channels), Int64(groupCount))
        let type = x.dtype.code
        let y = Tensor(uninitialized: x.shape, dtype: x.dtype)
        let mean = Tensor(uninitialized: [imageCount, channels])
        let deviation = Tensor(uninitialized: [imageCount, channels])
        ck_group_norm(
            type, sizes.0, sizes.1, sizes.2, sizes.3, x.tensor.raw, weight.value.floats, bias.value.floats,
            epsilon,
            activation == .none ? 0 : 1, activation.ceiling, y.raw, mean.floats, deviation.floats)
        let mask = activation == .none ? nil : y
        return record(y, inputs: [x], leaves: [weight, bias]) { dy, tape in
            let dx = x.needsGradient ? dy.reusable() : nil
            var (sums, normalized) = (
                [Double](repeating: 0, count: channels), [Double](repeating: 0, count: channels)
            )
            ck_group_norm_backward(
                type, sizes.0, sizes.1, sizes.2, sizes.3, x.tensor.raw, mask?.raw, activation.ceiling, dy.raw,
                mean.floats, deviation.floats, weight.value.floats, dx?.raw, &sums, &normalized)
            bias.withGradient { Self.put(sums[...], into: $0, accumulate: $1) }
            weight.withGradient { Self.put(normalized[...], into: $0, accumulate: $1) }
            if let dx { tape.add(dx, to: x) }
        }
    }

    private static func check(_ addend: Variable?, for x: Variable) {
        guard let addend else { return }
        precondition(
            addend.shape == x.shape && addend.dtype == x.dtype,
            "\(addend.dtype) \(addend.shape) added to \(x.shape)")
    }

    static func put(_ sums: ArraySlice<Double>, into target: Tensor, accumulate: Bool) {
        for (c, value) in sums.enumerated() {
            target.floats[c] = (accumulate ? target.floats[c] : 0) + Float(value)
        }
    }

    private static func moments(
        _ x: Tensor, _ reduce: StatisticsReduction
    ) -> (mean: [Double], variance: [Double], rowCount: Double) {
        let channels = x.channelCount
        var sums = [Double](repeating: 0, count: 2 * channels + 1)
        sums.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            ck_channel_moments(x.dtype.code, Int64(x.rowCount), Int64(channels), x.raw, base, base + channels)
        }
        sums[2 * channels] = Double(x.rowCount)
        reduce(&sums)
        let count = max(sums[2 * channels], 1)
        let mean = (0..<channels).map { sums[$0] / count }
        let variance = (0..<channels).map { max(0, sums[channels + $0] / count - mean[$0] * mean[$0]) }
        return (mean, variance, count)
    }

    /// Rows divided by their Euclidean length (at least `epsilon`).
    /// - x: [R, D].
    package func normalizeRows(_ x: Variable, epsilon: Float = 1e-12) -> Variable {
        let x = converted(x, to: .float32)
        let y = Tensor(uninitialized: x.shape)
        let norms = Tensor(uninitialized: [x.tensor.rowCount])
        let (rows, channels) = (Int64(x.tensor.rowCount), Int64(x.tensor.channelCount))
        ck_normalize_rows(rows, channels, epsilon, x.tensor.floats, y.floats, norms.floats)
        return record(y, inputs: [x]) { dy, tape in
            let dx = Tensor(uninitialized: y.shape)
            ck_normalize_rows_backward(rows, channels, y.floats, norms.floats, dy.floats, dx.floats)
            tape.add(dx, to: x)
        }
    }
}
