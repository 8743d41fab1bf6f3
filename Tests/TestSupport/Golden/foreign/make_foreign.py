"""Small files in the formats of other programs, what they hold, and names of their models: make_foreign.py (writes
beside itself).

Made with Python 3.11, torch 2.15.0, torchvision 0.29.2, numpy 2.4.6, safetensors 0.8.0.
"""
import argparse
import collections
import json
import pathlib
import pickle

import numpy
import safetensors.torch
import torch
import torchvision

here = pathlib.Path(__file__).parent
torch.manual_seed(3)
base = torch.arange(24, dtype=torch.float32).reshape(4, 6) / 8 - 1
shared = torch.arange(10, dtype=torch.float32)
tensors = collections.OrderedDict(
    f64=torch.tensor([0.1, -1e300], dtype=torch.float64),
    f32=base.clone(),
    f16=torch.tensor([[1.0, -2.5], [65504.0, 6e-8]], dtype=torch.float16),
    bf16=torch.tensor([1.0, -2.5, 3.140625], dtype=torch.bfloat16),
    i64=torch.tensor([-1, 2**40]),
    i32=torch.tensor([-7, 2**31 - 1], dtype=torch.int32),
    i16=torch.tensor([-300, 300], dtype=torch.int16),
    i8=torch.tensor([-128, 127], dtype=torch.int8),
    u8=torch.tensor([0, 255], dtype=torch.uint8),
    bool=torch.tensor([True, False, True]),
    scalar=torch.tensor(0.5),
    empty=torch.zeros(0, 4),
    transposed=base.t(),
    window=base[1:3, 2:5],
    permuted=torch.randn(2, 3, 4).permute(2, 0, 1),
    expanded=torch.tensor([2.0, 3.0])[:, None].expand(2, 3),
    first=shared[:4],
    rest=shared[4:],
    parameter=torch.nn.Parameter(torch.tensor([1.5, 2.5])),
)
tensors._metadata = collections.OrderedDict({"": {"version": 1}})
expected = {name: value.detach().contiguous().clone() for name, value in tensors.items()}
safetensors.torch.save_file(expected, here / "expected.safetensors")

torch.save(tensors, here / "zip.pth")
torch.save(tensors, here / "legacy.pth", _use_new_zipfile_serialization=False)

# What a training program writes: the model in a dict, behind `module.`, with options and an optimizer beside it.
model = torch.nn.Linear(3, 2)
rule = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
model(torch.ones(1, 3)).sum().backward()
rule.step()
run = dict(
    meta=dict(CLASSES=("cell", "grain"), epoch=3, env="", time="now"),
    state_dict={f"module.{name}": value for name, value in model.state_dict().items()},
    optimizer=rule.state_dict(),
    args=argparse.Namespace(lr=0.1, output_dir=pathlib.PurePosixPath("/tmp"), device=torch.device("cpu")),
    history=collections.defaultdict(list, loss=[numpy.float64(0.5)]),
    random=torch.get_rng_state(),
    steps=10**30,
)
torch.save(run, here / "run.pth")
torch.save(run, here / "run_legacy.pth", _use_new_zipfile_serialization=False)
safetensors.torch.save_file(model.state_dict(), here / "run.safetensors")

arrays = {
    "c": base.numpy(),
    "fortran": numpy.asfortranarray(base.numpy()),
    "half": numpy.array([1.0, -2.5], dtype=numpy.float16),
    "wide": numpy.array([0.1, -1e300]),
    "bytes": numpy.arange(256, dtype=numpy.uint8),
    "integers": numpy.array([[-1], [2**40]]),
    "flags": numpy.array([True, False]),
}
for protocol in (2, 4, 5):
    content = {"model": arrays, "__author__": "test", "matching_heuristics": True}
    (here / f"arrays_{protocol}.pkl").write_bytes(pickle.dumps(content, protocol))
safetensors.torch.save_file(
    {name: torch.from_numpy(numpy.ascontiguousarray(value)) for name, value in arrays.items()},
    here / "arrays.safetensors",
)

# Names and shapes of whole models.
names = {}
with torch.device("meta"):
    for build in ("retinanet_resnet50_fpn", "fcos_resnet50_fpn", "fasterrcnn_resnet50_fpn", "maskrcnn_resnet50_fpn"):
        net = getattr(torchvision.models.detection, build)(weights=None, weights_backbone=None)
        names[build] = net.state_dict()
    for build in ("resnet18", "resnet34", "resnet50", "resnet101", "mobilenet_v2"):
        names[build] = getattr(torchvision.models, build)(weights=None).state_dict()
rows = {build: {name: list(value.shape) for name, value in state.items()} for build, state in names.items()}
(here / "torchvision.json").write_text(json.dumps(rows, separators=(",", ":")))
