"""Values and gradients of a transformer's operations, computed by PyTorch in float64 and rounded to float32.

Run in this folder: python make_transformer.py.
Made with torch 2.15.0, numpy 2.4.6.
Keys as in make_ops.py. In the attention cases the tokens are projected already: N items, L tokens, D
channels, heads next to each other along D; `padding` [N, Lk] is 1 for keys that nobody attends to, `mask` [W,
Lq, Lk] belongs to item n % W, `bias` [H, Lq, Lk] to every item.
"""

import sys

sys.path.insert(0, "..")
import torch
import torch.nn.functional as F

from golden_weights import Fixture, golden, tensor
from make_ops import leaf, record

torch.set_default_dtype(torch.float64)


def simple(fixture):
    for case, shape in (("layer_norm", (7, 5)), ("layer_norm_wide", (2, 65, 48))):
        x = leaf(f"{case}.input", shape, 2.0, 0.7)
        weight, bias = leaf(f"{case}.weight", shape[-1:], 0.5, 1.0), leaf(f"{case}.bias", shape[-1:], 0.5)
        inputs = {"input": x, "weight": weight, "bias": bias}
        record(fixture, case, inputs, F.layer_norm(x, shape[-1:], weight, bias, 1e-5))
    for case, shape, scale in (
        ("softmax", (4, 7), 3.0),
        ("softmax_wide", (2, 3, 50), 40.0),
        ("softmax_one", (3, 1), 1.0),
    ):
        x = leaf(f"{case}.input", shape, scale)
        record(fixture, case, {"input": x}, F.softmax(x, -1))
    for case, scale in (("gelu", 3.0), ("gelu_far", 12.0)):
        x = leaf(f"{case}.input", (6, 35), scale)
        record(fixture, case, {"input": x}, F.gelu(x))


def heads(x, count):
    """[N, L, D] to [N, H, L, D / H]."""
    return x.unflatten(2, (count, -1)).transpose(1, 2)


def attention(fixture):
    cases = {
        # case: (items, queries, keys, heads, width of a head, padding, windows of the mask, bias)
        "attention": (2, 5, 7, 3, 4, True, 0, False),
        "attention_plain": (1, 3, 3, 1, 8, False, 0, False),
        "attention_blocks": (1, 150, 40, 2, 8, True, 0, False),
        "attention_windows": (6, 9, 9, 2, 4, False, 3, True),
        "attention_many_windows": (38, 4, 4, 3, 4, False, 2, True),
    }
    for case, (items, queries, keys, count, width, padded, windows, biased) in cases.items():
        inputs = {
            "query": leaf(f"{case}.query", (items, queries, count * width), 2.0),
            "key": leaf(f"{case}.key", (items, keys, count * width), 2.0),
            "value": leaf(f"{case}.value", (items, keys, count * width)),
        }
        added = torch.zeros(items, count, queries, keys)
        if biased:
            inputs["bias"] = leaf(f"{case}.bias", (count, queries, keys))
            added = added + inputs["bias"]
        if windows:
            # Swin's: -100 between tokens that are no neighbours.
            mask = torch.from_numpy(golden(f"{case}.mask", (windows, queries, keys)) > 0.6) * -100.0
            inputs["mask"] = mask
            added = added + mask.repeat(items // windows, 1, 1)[:, None]
        if padded:
            padding = torch.from_numpy(golden(f"{case}.padding", (items, keys)) > 0.3)
            fixture.integers(f"{case}.padding", padding)
            added = added.masked_fill(padding[:, None, None], -torch.inf)
        q, k, v = (heads(inputs[name], count) for name in ("query", "key", "value"))
        output = F.scaled_dot_product_attention(q, k, v, added).transpose(1, 2).flatten(2)
        record(fixture, case, inputs, output, {"heads": count})


def modules(fixture):
    """torch.nn.MultiheadAttention, whose weights are golden numbers."""
    for case, shape_q, shape_k, count in (
        ("multi_head", (2, 5, 12), (2, 7, 12), 3),
        ("self_attention", (2, 6, 8), None, 2),
    ):
        module = torch.nn.MultiheadAttention(shape_q[2], count, batch_first=True)
        named = dict(module.named_parameters())
        with torch.no_grad():
            for name, parameter in named.items():
                parameter.copy_(tensor(f"{case}.{name}", tuple(parameter.shape), 0.6))
        inputs = {"query": leaf(f"{case}.query", shape_q)}
        if shape_k:
            inputs |= {"key": leaf(f"{case}.key", shape_k), "value": leaf(f"{case}.value", shape_k)}
        padding = torch.from_numpy(golden(f"{case}.padding", (shape_k or shape_q)[:2]) > 0.4)
        fixture.integers(f"{case}.padding", padding)
        q = inputs["query"]
        k, v = inputs.get("key", q), inputs.get("value", q)
        output = module(q, k, v, key_padding_mask=padding, need_weights=False)[0]
        record(fixture, case, inputs | named, output, {"heads": count})


if __name__ == "__main__":
    fixture = Fixture()
    simple(fixture)
    attention(fixture)
    modules(fixture)
    fixture.save("transformer.safetensors")
