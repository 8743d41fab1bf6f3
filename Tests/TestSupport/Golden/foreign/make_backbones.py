"""What files of backbones hold, and tables of relative positions at other windows: make_backbones.py (writes beside
itself).

backbones.json: names and shapes. torchvision's as it lists them; the others are put together from the programs' code:
github.com/facebookresearch/moco, zdaxie/PixPro, facebookresearch/swav, microsoft/Swin-Transformer, microsoft/SimMIM,
mmcls 0.25 (MobileNetV2, Swin), mmselfsup 0.9 (SimMIM).
tables.safetensors: bicubic interpolation as Swin's loaders do it.
Made with torch 2.15.0, torchvision 0.29.2.
"""

import json
import pathlib
import sys

here = pathlib.Path(__file__).parent
sys.path.insert(0, str(here.parent))
import torch
import torchvision
from torch.nn import functional

from golden_weights import Fixture, tensor


def shapes(model):
    return {name: list(value.shape) for name, value in model.state_dict().items()}


def swin(width, depths, window, index=True, masks=False):
    """Names of Swin's authors, without norm and head."""
    rows = {"patch_embed.proj.weight": [width, 3, 4, 4], "patch_embed.proj.bias": [width]}
    rows |= {"patch_embed.norm.weight": [width], "patch_embed.norm.bias": [width]}
    for i, depth in enumerate(depths):
        c, heads = width << i, width // 32 << i
        for j in range(depth):
            block = f"layers.{i}.blocks.{j}."
            for name, shape in (
                ("norm1", [c]), ("attn.qkv", [3 * c, c]), ("attn.proj", [c, c]), ("norm2", [c]),
                ("mlp.fc1", [4 * c, c]), ("mlp.fc2", [c, 4 * c]),
            ):
                rows |= {f"{block}{name}.weight": shape, f"{block}{name}.bias": shape[:1]}
            rows[block + "attn.relative_position_bias_table"] = [(2 * window - 1) ** 2, heads]
            rows[block + "attn.relative_position_index"] = [window**2, window**2]
            # Registered for shifted blocks while the input is larger than a window.
            if masks and j % 2 == 1 and i < 3:
                rows[block + "attn_mask"] = [4 ** (3 - i), window**2, window**2]
        if i < 3:
            step = f"layers.{i}.downsample."
            rows |= {step + "reduction.weight": [2 * c, 4 * c]}
            rows |= {step + "norm.weight": [4 * c], step + "norm.bias": [4 * c]}
    return rows


def norm(name, width):
    return {name + ".weight": [width], name + ".bias": [width]}


def linear(name, outputs, inputs):
    return {name + ".weight": [outputs, inputs], name + ".bias": [outputs]}


def prefixed(prefix, rows):
    return {prefix + name: shape for name, shape in rows.items()}


def open_mmlab(rows):
    """The same network as MMClassification and MMDetection name it."""
    result = {}
    for name, shape in rows.items():
        if name.endswith("attn_mask"):
            continue
        name = name.replace("patch_embed.proj", "patch_embed.projection").replace("layers.", "stages.", 1)
        name = name.replace(".attn.", ".attn.w_msa.").replace("mlp.fc1", "ffn.layers.0.0").replace("mlp.fc2", "ffn.layers.1")
        result["backbone." + name] = shape
    return result


def open_mmlab_mobilenet(rows):
    """torchvision's MobileNetV2 as MMClassification names it."""
    blocks = [(stage, block) for stage, count in enumerate((1, 2, 3, 4, 3, 3, 1), 1) for block in range(count)]
    result = {}
    for name, shape in rows.items():
        parts = name.split(".")
        if parts[0] != "features":
            continue
        feature = int(parts[1])
        if feature in (0, 18):
            start = f"backbone.conv{1 if feature == 0 else 2}."
            result[start + ("conv." if parts[2] == "0" else "bn.") + parts[3]] = shape
            continue
        stage, block = blocks[feature - 1]
        last = 1 if stage == 1 else 2
        place = int(parts[3])
        inner, kind = (place, "conv" if parts[4] == "0" else "bn") if place < last else (last, "conv" if place == last else "bn")
        result[f"backbone.layer{stage}.{block}.conv.{inner}.{kind}.{parts[-1]}"] = shape
    return result


with torch.device("meta"):
    r50 = shapes(torchvision.models.resnet50(weights=None))
    mobilenet = shapes(torchvision.models.mobilenet_v2(weights=None))
    swins = {name: shapes(getattr(torchvision.models, name)(weights=None)) for name in ("swin_t", "swin_s", "swin_b")}
body = {name: shape for name, shape in r50.items() if not name.startswith("fc.")}
mlp = linear("fc.0", 2048, 2048) | linear("fc.2", 128, 2048)
queries = prefixed("module.encoder_q.", body | mlp)
keys = prefixed("module.encoder_k.", body | mlp)
base = swin(128, (2, 2, 18, 2), 6, masks=True)
tiny = swin(96, (2, 2, 6, 2), 7, masks=True)
heads = {name: shape for name, shape in base.items()} | norm("norm", 1024) | {"mask_token": [1, 1, 128]}
models = {
    "torchvision": swins,
    "moco": {"resnet50": queries | keys | {"module.queue": [128, 65536], "module.queue_ptr": [1]}},
    "pixpro": {
        "resnet50": prefixed("module.encoder.", body)
        | prefixed("module.encoder_k.", body)
        | linear("module.projector.linear1", 4096, 2048)
        | linear("module.projector_k.linear1", 4096, 2048)
        | linear("module.value_transform", 256, 256)
    },
    "swav": {
        "resnet50": prefixed("module.", body)
        | linear("module.projection_head.0", 2048, 2048)
        | linear("module.projection_head.3", 128, 2048)
        | {"module.prototypes.weight": [3000, 128]}
    },
    "swin": {"swin_t": tiny | norm("norm", 768) | linear("head", 1000, 768)},
    "simmim": {"swin_b": prefixed("encoder.", heads) | {"decoder.0.weight": [3072, 1024, 1, 1], "decoder.0.bias": [3072]}},
    "mmcls": {
        "swin_t": open_mmlab(tiny) | norm("backbone.norm3", 768) | linear("head.fc", 1000, 768),
        "mobilenet_v2": open_mmlab_mobilenet(mobilenet) | linear("head.fc", 1000, 1280),
        "resnet50": prefixed("backbone.", body) | linear("head.fc", 1000, 2048),
    },
    "mmselfsup": {
        "swin_b": open_mmlab(base)
        | norm("backbone.norm3", 1024)
        | {"backbone.mask_token": [1, 1, 128], "neck.decoder.0.weight": [3072, 1024, 1, 1], "neck.decoder.0.bias": [3072]},
        "resnet50": prefixed("backbone.", body)
        | prefixed("encoder_k.0.", body)
        | linear("neck.mlp.0", 2048, 2048)
        | linear("head.predictor", 128, 128),
    },
}
(here / "backbones.json").write_text(json.dumps(models, separators=(",", ":")))

fixture = Fixture()
for source, target in ((6, 7), (12, 7), (7, 12)):
    side, wanted = 2 * source - 1, 2 * target - 1
    table = tensor(f"table.{source}.{target}", (side * side, 3))
    result = functional.interpolate(
        table.T.reshape(1, 3, side, side), size=(wanted, wanted), mode="bicubic"
    )
    fixture.add(f"{source}.{target}", result.reshape(3, wanted * wanted).T)
fixture.save(here / "tables.safetensors")
