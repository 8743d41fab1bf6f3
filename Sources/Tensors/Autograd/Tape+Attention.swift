extension Tape {
    /// Multi-head attention on projected tokens: softmax(Q Kᵀ / √d + mask + bias) V, head by head.
    /// - query: [N, Lq, D]; key, value: [N, Lk, D]; head h takes channels h D/H ..< (h + 1) D/H.
    /// - keyPadding: [N, Lk], true for keys that nobody attends to; a query without any key gives 0.
    /// - mask: [W, Lq, Lk] constants, W a divisor of N: item n takes those of window n % W.
    /// - bias: [H, Lq, Lk], for every item the same; it may be trained.
    /// - dropout: of the probabilities.
    /// - Returns: [N, Lq, D].
    /// - Source: Vaswani et al. 2017, section 3.2; numerics as PyTorch's `multi_head_attention_forward`.
    package func attention(
        query: Variable, key: Variable, value: Variable, headCount: Int, keyPadding: [Bool]? = nil,
        mask: Tensor? = nil, bias: Variable? = nil, dropout: DropoutMask? = nil
    ) -> Variable {
        let (q, k) = (query.shape, key.shape)
        precondition(
            q.count == 3 && k.count == 3 && value.shape == k && q[0] == k[0] && q[2] == k[2]
                && q[2].isMultiple(of: headCount),
            "attention of \(q) to \(k), \(value.shape) in \(headCount) heads")
        precondition(keyPadding.map { $0.count == k[0] * k[1] } ?? true, "padding of \(k)")
        precondition(
            mask.map {
                $0.shape.count == 3 && q[0].isMultiple(of: max(1, $0.shape[0]))
                    && $0.shape[1...] == [q[1], k[1]]
            }
                ?? true, "mask \(mask?.shape ?? []) for \(q) and \(k)")
        precondition(bias.map { $0.shape == [headCount, q[1], k[1]] } ?? true, "bias \(bias?.shape ?? [])")
        let attention = Attention(
            query: query.tensor, key: key.tensor, value: value.tensor, headCount: headCount,
            padded: keyPadding.map { $0.map { $0 ? 1 : 0 } }, mask: mask, bias: bias?.tensor, dropout: dropout
        )
        let (output, sums) = attention.forward()
        return record(output, inputs: [query, key, value] + (bias.map { [$0] } ?? [])) { dy, tape in
            let gradients = attention.backward(dy, sums: sums)
            tape.add(gradients.inputs[0], to: query)
            tape.add(gradients.inputs[1], to: key)
            tape.add(gradients.inputs[2], to: value)
            if let bias, let gradient = gradients.bias { tape.add(gradient, to: bias) }
        }
    }

    /// The same of tokens to each other where one layer made their queries, keys and values.
    /// - packed: [N, L, 3 D], queries, keys and values side by side; mask, bias: as above.
    /// - Returns: [N, L, D].
    package func attention(packed: Variable, headCount: Int, mask: Tensor?, bias: Variable?) -> Variable {
        let (n, count, width) = (packed.shape[0], packed.shape[1], packed.shape[2])
        precondition(
            packed.shape.count == 3 && width.isMultiple(of: 3 * headCount),
            "attention of \(packed.shape) in \(headCount) heads")
        precondition(
            mask.map { n.isMultiple(of: max(1, $0.shape[0])) && $0.shape[1...] == [count, count] } ?? true,
            "mask \(mask?.shape ?? []) for \(packed.shape)")
        precondition(bias.map { $0.shape == [headCount, count, count] } ?? true, "bias \(bias?.shape ?? [])")
        let attention = Attention(packed: packed.tensor, headCount: headCount, mask: mask, bias: bias?.tensor)
        let (output, sums) = attention.forward()
        return record(output, inputs: [packed] + (bias.map { [$0] } ?? [])) { dy, tape in
            let gradients = attention.backward(dy, sums: sums)
            tape.add(gradients.inputs[0], to: packed)
            if let bias, let gradient = gradients.bias { tape.add(gradient, to: bias) }
        }
    }
}
