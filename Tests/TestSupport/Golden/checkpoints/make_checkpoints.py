"""Files of other programs for the checkpoint tests: make_checkpoints.py (writes beside itself).

Made with Python 3.11, torch 2.x, numpy 2.x, safetensors 0.8.0, zstandard 0.25.0, xxhash 3.x; exact versions stand in
expected.json.
"""
import json
import pathlib

import numpy
import safetensors
import safetensors.torch
import torch
import xxhash
import zstandard

here = pathlib.Path(__file__).parent
normal = torch.from_numpy(numpy.random.default_rng(7).normal(0.5, 2.0, (5, 7)).astype(numpy.float32))
tensors = {
    "float64": torch.tensor([0.1, -1e300], dtype=torch.float64),
    "float32": torch.arange(12, dtype=torch.float32).reshape(3, 4) / 4 - 1,
    "float16": torch.tensor([1.0, -2.5, 65504.0, 6e-8], dtype=torch.float16),
    "bfloat16": torch.tensor([1.0, -2.5, 3.140625, float("inf")], dtype=torch.bfloat16),
    "int64": torch.tensor([-1, 2**40], dtype=torch.int64),
    "int32": torch.tensor([-7, 2**31 - 1], dtype=torch.int32),
    "uint8": torch.tensor([0, 200, 255], dtype=torch.uint8),
    "bool": torch.tensor([True, False, True]),
    "scalar": torch.tensor(0.5),
    "empty": torch.zeros(0, 4),
    'odd "name" ü/\n': torch.tensor([42.0]),
    "normal": normal,
}
metadata = {"note": "made elsewhere", "text": 'line\ntwo "ü" \\ \U0001F600'}
plain = safetensors.torch.save(tensors, metadata)
(here / "python.safetensors").write_bytes(plain)
(here / "python.safetensors.zst").write_bytes(zstandard.ZstdCompressor(level=3, write_checksum=True).compress(plain))
(here / "unchecked.safetensors.zst").write_bytes(zstandard.ZstdCompressor(level=3).compress(plain))

wide = normal.double().numpy()
texts = ["", "a", "abc", "0123456789abcdef0123456789abcdef", "x" * 1000, "bounding boxes " * 7]
expected = {
    "versions": {m.__name__: m.__version__ for m in (numpy, torch, safetensors, zstandard)} | {"xxhash": xxhash.VERSION},
    "normal": {
        "norm": float(numpy.sqrt((wide**2).sum())), "min": float(wide.min()), "max": float(wide.max()),
        "mean": float(wide.mean()),
    },
    "xxh64": [{"text": t, "digest": xxhash.xxh64(t.encode()).hexdigest()} for t in texts],
}
(here / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
