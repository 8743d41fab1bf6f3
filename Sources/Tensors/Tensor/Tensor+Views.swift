internal import CKernels

extension Tensor {
    /// The same elements under another shape.
    package func reshaped(_ newShape: [Int]) -> Tensor {
        precondition(newShape.reduce(1, *) == count, "\(shape) cannot become \(newShape)")
        return Tensor(shape: newShape, dtype: dtype, storage: storage, offset: offset)
    }

    /// The matrix `[rowCount, channelCount]`.
    package var rows: Tensor { reshaped([rowCount, channelCount]) }

    /// Part of the first axis, without a copy.
    package func prefix(_ range: Range<Int>) -> Tensor {
        precondition(!shape.isEmpty && range.upperBound <= shape[0], "\(range) of shape \(shape)")
        let stride = shape.dropFirst().reduce(1, *)
        return Tensor(
            shape: [range.count] + shape.dropFirst(), dtype: dtype, storage: storage,
            offset: offset + range.lowerBound * stride)
    }

    /// A window of a flat tensor under a shape of its own: how parameters lie in their arena.
    package func window(at position: Int, shape: [Int]) -> Tensor {
        let end = position + shape.reduce(1, *)
        precondition(position >= 0 && end <= count, "window \(position)..<\(end) of \(count)")
        return Tensor(shape: shape, dtype: dtype, storage: storage, offset: offset + position)
    }

    /// The same values in storage of their own.
    package func copied() -> Tensor {
        let copy = Tensor(uninitialized: shape, dtype: dtype)
        copy.raw.copyMemory(from: raw, byteCount: count * dtype.byteCount)
        return copy
    }

    /// The same values, as far as the format holds them; this very tensor where it is of that format already.
    package func converted(to dtype: DType) -> Tensor {
        guard dtype != self.dtype else { return self }
        let copy = Tensor(uninitialized: shape, dtype: dtype)
        ck_convert(Int64(count), self.dtype.code, raw, dtype.code, copy.raw)
        return copy
    }

    /// Overwrites the values with another tensor's of equal size.
    package func assign(from other: Tensor) {
        precondition(
            other.count == count && other.dtype == dtype,
            "assigning \(other.dtype) \(other.shape) to \(shape)")
        raw.copyMemory(from: other.raw, byteCount: count * dtype.byteCount)
    }
}
