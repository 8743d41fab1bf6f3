"""Golden tensors: numbers that follow from a name, so that large weights need not be stored.

The rules are written out in README.md beside this file. Used by the make_*.py scripts in the folders below.
"""

import json
import math
import struct

import numpy
import torch
from torch import nn
from torchvision.ops import FrozenBatchNorm2d

MASK = (1 << 64) - 1
NORMS = (nn.BatchNorm2d, FrozenBatchNorm2d, nn.GroupNorm, nn.LayerNorm)


def seed(name):
    """FNV-1a, 64 bits, of the name in UTF-8."""
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


def hashes(name, count):
    """h(0) ... h(count - 1) of a name, as uint64: splitmix64's finaliser of seed + (i + 1) * golden ratio."""
    with numpy.errstate(over="ignore"):
        index = numpy.arange(1, count + 1, dtype=numpy.uint64)
        z = numpy.uint64(seed(name)) + index * numpy.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        return z ^ (z >> numpy.uint64(31))


def golden(name, shape, scale=1.0, shift=0.0):
    """float32, uniform in [shift - scale, shift + scale); element i in row-major order comes from h(i)."""
    unit = (hashes(name, math.prod(shape)) >> numpy.uint64(40)).astype(numpy.float64) / 2.0**24
    return (scale * (2 * unit - 1) + shift).astype(numpy.float32).reshape(shape)


def tensor(name, shape, scale=1.0, shift=0.0):
    """The golden float32 numbers as a float64 torch tensor."""
    return torch.from_numpy(golden(name, shape, scale, shift)).double()


def positions(name, size, count):
    """`count` flat positions below `size`: h(i) of "sample." + name, modulo size. Repeats are possible."""
    return (hashes("sample." + name, count) % numpy.uint64(size)).astype(numpy.int64)


def weight_scale(weight, gain):
    """Scale of a weight, OIHW or [out, in]: the fan-in is the product of all axes but the first."""
    return math.sqrt(3.0) * gain / math.sqrt(math.prod(weight.shape[1:]))


def fill(model, prefix="", gains=None, last_norms=(), bias_shift=None):
    """Writes golden numbers into every layer of a model; names are prefix + the model's state-dict keys.

    gains: module path to the gain of its weight, where it is not sqrt(2).
    last_norms: endings of module paths whose norm weight has shift 0.3 instead of 1.
    bias_shift: module path to the shift of its bias.
    """
    gains, bias_shift = gains or {}, bias_shift or {}
    with torch.no_grad():
        for path, module in model.named_modules():
            name = prefix + path
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                scale = weight_scale(module.weight, gains.get(path, math.sqrt(2.0)))
                put(module.weight, name + ".weight", scale)
                if module.bias is not None:
                    put(module.bias, name + ".bias", 0.05, bias_shift.get(path, 0.0))
            elif isinstance(module, NORMS):
                last = any(path.endswith(ending) for ending in last_norms)
                put(module.weight, name + ".weight", 0.2, 0.3 if last else 1.0)
                put(module.bias, name + ".bias", 0.1)
                if hasattr(module, "running_mean"):
                    put(module.running_mean, name + ".running_mean", 0.2)
                    put(module.running_var, name + ".running_var", 0.4, 1.0)


def put(target, name, scale, shift=0.0):
    target.copy_(torch.from_numpy(golden(name, tuple(target.shape), scale, shift)))


class Fixture:
    """A safetensors file in the making."""

    def __init__(self):
        self.tensors = {}
        self.metadata = {"torch": torch.__version__, "numpy": numpy.__version__}

    def add(self, key, value, dtype=numpy.float32):
        """Feature maps must come as NHWC; use `map` for NCHW ones."""
        if isinstance(value, torch.Tensor):
            value = value.detach().cpu().numpy()
        assert key not in self.tensors, key
        self.tensors[key] = numpy.ascontiguousarray(numpy.asarray(value, dtype=dtype))

    def integers(self, key, value):
        self.add(key, value, numpy.int32)

    def double(self, key, value):
        self.add(key, value, numpy.float64)

    def map(self, key, value):
        """An NCHW feature map, stored NHWC."""
        self.add(key, value.permute(0, 2, 3, 1))

    def digest(self, key, value, count=64):
        """Sampled entries (`.samples` at `.positions`, row-major), L2 norm and sum of an array."""
        flat = value.detach().double().reshape(-1)
        at = positions(key, len(flat), count)
        self.integers(key + ".positions", at)
        self.add(key + ".samples", flat[torch.from_numpy(at)])
        self.double(key + ".norm", flat.norm())
        self.double(key + ".sum", flat.sum())

    def note(self, key, value):
        self.metadata[key] = value if isinstance(value, str) else json.dumps(value)

    def encoded(self):
        """The safetensors bytes. The library's own writer orders the metadata differently at each run."""
        names = {numpy.dtype(numpy.float64): "F64", numpy.dtype(numpy.float32): "F32"}
        names |= {numpy.dtype(numpy.int32): "I32", numpy.dtype(numpy.uint8): "U8"}
        order = sorted(self.tensors, key=lambda key: (-self.tensors[key].itemsize, key))
        header, offset = {"__metadata__": dict(sorted(self.metadata.items()))}, 0
        for key in order:
            value = self.tensors[key]
            end = offset + value.nbytes
            header[key] = {"dtype": names[value.dtype], "shape": value.shape, "data_offsets": [offset, end]}
            offset = end
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        return struct.pack("<Q", len(text)) + text + b"".join(self.tensors[key].tobytes() for key in order)

    def save(self, path):
        for key, value in self.tensors.items():
            assert numpy.isfinite(value).all(), key
        with open(path, "wb") as file:
            file.write(self.encoded())
        print(f"{path}: {len(self.tensors)} tensors, {sum(v.nbytes for v in self.tensors.values())} bytes")
