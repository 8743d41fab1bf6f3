/// How gradients travel between hosts; the values of `--allreduce-dtype`.
package enum PayloadType: String, CaseIterable, Sendable {
    case f32
    /// Half the bytes. Each of the N - 1 partial sums on a ring of N, and the sum itself, is rounded to bfloat16, so the
    /// result is off by at most N 2^-8 of the sum of magnitudes; sums inside a host stay in 32 bits. All ranks hold
    /// the same bits.
    case bf16

    var byteCount: Int { self == .f32 ? 4 : 2 }
}
