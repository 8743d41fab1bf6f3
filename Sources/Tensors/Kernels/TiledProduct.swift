internal import CKernels

/// Products of 32-bit floats on CPUs that multiply tiles of bfloat16 numbers (AMX). See `CKernelsTiles.h` for the method, its
/// source and its rounding.
enum TiledProduct {
    /// One side of a product, a row-major matrix: the left one by its rows, the right one by its columns.
    struct Side {
        fileprivate let native: ck_tiles_matrix

        /// - isTransposed: whether columns of `left` are the rows to multiply.
        init(_ left: Tensor, isTransposed: Bool) { native = left.lines(areRows: !isTransposed) }

        /// - isTransposed: whether rows of `right` are the columns to multiply.
        init(columnsOf right: Tensor, isTransposed: Bool) { native = right.lines(areRows: isTransposed) }
    }

    /// Whether this CPU multiplies tiles, and the system and `ONEDNN_MAX_CPU_ISA` let it.
    static let isAvailable = DType.multipliesBFloat16Tiles && ck_tiles_available() != 0

    /// Whether c[m, n] = a b, summed over `depth` terms, is large enough to pay for bringing a and b into tiles (measured on
    /// Emerald Rapids).
    static func serves(m: Int, n: Int, depth: Int) -> Bool {
        isAvailable && KernelSet.current == .fast && min(m, n, depth) >= 128 && m * n * depth >= 1 << 26
    }

    /// c = activation(a b [+ c] [+ bias]).
    /// - c: [m, n]; bias: [n].
    static func product(
        m: Int, n: Int, depth: Int, _ a: Side, _ b: Side, into c: Tensor, accumulate: Bool,
        bias: Tensor? = nil,
        activation: Activation = .none
    ) {
        var shape = ck_tiles_product_shape(
            m: Int64(m), n: Int64(n), depth: Int64(depth), a: a.native, b: b.native, c: c.floats,
            c_row: Int64(n),
            accumulates: accumulate ? 1 : 0, rectifies: activation == .none ? 0 : 1,
            bias: bias.map { UnsafePointer($0.floats) }, ceiling: activation.ceiling)
        let space = Storage(byteCount: Int(ck_tiles_space(shape.m, shape.n, shape.depth)))
        ck_tiles_product(&shape, space.base)
    }
}

extension Tensor {
    fileprivate func lines(areRows: Bool) -> ck_tiles_matrix {
        ck_tiles_matrix(
            data: UnsafePointer(floats), step: Int64(channelCount), lies_in_lines: areRows ? 1 : 0)
    }
}
