"""Feature maps of torchvision's ResNets with golden weights and of MobileNetV2 with the built-in weights.

Run in this folder: python make_backbones.py. Computed in float64, rounded to float32.
Made with torch 2.15.0, torchvision 0.29.2, numpy 2.4.6, opencv-contrib-python 5.0.0, safetensors 0.8.0.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, "..")
import cv2
import torch
import torchvision
from safetensors.torch import load_file

from golden_weights import Fixture, fill, tensor

BUILT_IN = Path(__file__).resolve().parents[4] / "Sources/AlignDetCLI/BuiltIn"
LARGEST_FULL_MAP = 100_000  # bytes


def store(fixture, name, value):
    """NCHW feature map: a digest always, and all of it where it is small."""
    value = value.permute(0, 2, 3, 1)
    fixture.digest(name, value)
    if value.numel() * 4 <= LARGEST_FULL_MAP:
        fixture.add(name, value)
    fixture.note(name + ".shape", list(value.shape))


def single_precision_error(model, run, truth):
    """How far torch's own float32 is from float64: largest difference over the largest magnitude, per map."""
    model.float()
    with torch.no_grad():
        return [
            float((a.double() - b).abs().max() / b.abs().max()) for a, b in zip(run(torch.float32), truth)
        ]


def resnet(depth):
    model = getattr(torchvision.models, f"resnet{depth}")(weights=None).eval()
    # A bottleneck has an inner bn2 too, hence the choice by depth.
    fill(model, last_norms=("bn3",) if depth >= 50 else ("bn2",))
    image = tensor("input", (1, 3, 64, 96), 2.0)

    def run(dtype):
        x = model.maxpool(model.relu(model.bn1(model.conv1(image.to(dtype)))))
        maps = []
        for stage in (model.layer1, model.layer2, model.layer3, model.layer4):
            x = stage(x)
            maps.append(x)
        return maps

    model.double()
    with torch.no_grad():
        maps = run(torch.float64)
    fixture = Fixture()
    fixture.digest("input", image.permute(0, 2, 3, 1))
    for level, value in enumerate(maps, 2):
        store(fixture, f"c{level}", value)
        print(f"resnet{depth} c{level} rms {value.pow(2).mean().sqrt():.3f} max {value.abs().max():.3f}")
    error = single_precision_error(model, run, maps)
    fixture.note("float32_error", error)
    print("  torch float32 against float64:", error)
    fixture.save(f"resnet{depth}.safetensors")


def mobilenet():
    record = json.loads((BUILT_IN / "bccd/annotations/instances_val.json").read_text())["images"][0]
    pixels = cv2.imread(str(BUILT_IN / "bccd/images/val" / record["file_name"]), cv2.IMREAD_COLOR)
    pixels = cv2.cvtColor(cv2.resize(pixels, (128, 96), interpolation=cv2.INTER_LINEAR), cv2.COLOR_BGR2RGB)
    model = torchvision.models.mobilenet_v2(weights=None).eval()
    missing, unexpected = model.load_state_dict(
        load_file(BUILT_IN / "weights/mobilenetv2_imagenet_backbone.safetensors"), strict=False
    )
    assert not unexpected and all(key.startswith("classifier.") for key in missing)
    mean = torch.tensor([0.485, 0.456, 0.406], dtype=torch.float64)
    std = torch.tensor([0.229, 0.224, 0.225], dtype=torch.float64)
    image = ((torch.from_numpy(pixels).double() / 255 - mean) / std).permute(2, 0, 1)[None]

    def run(dtype):
        x, maps = image.to(dtype), []
        for index, block in enumerate(model.features):
            x = block(x)
            if index in (3, 6, 13, 17, 18):
                maps.append(x)
        return maps

    model.double()
    with torch.no_grad():
        maps = run(torch.float64)
    fixture = Fixture()
    fixture.note("opencv", cv2.__version__)
    fixture.note("image", {"file": record["file_name"], "id": record["id"], "resized": "cv2 bilinear"})
    fixture.add("pixels", pixels[None], pixels.dtype)
    fixture.digest("input", image.permute(0, 2, 3, 1))
    for index, value in zip((3, 6, 13, 17, 18), maps):
        store(fixture, f"features.{index}", value)
        print(f"mobilenet {index} rms {value.pow(2).mean().sqrt():.3f} max {value.abs().max():.3f}")
    error = single_precision_error(model, run, maps)
    fixture.note("float32_error", error)
    print("  torch float32 against float64:", error)
    fixture.save("mobilenet_v2.safetensors")


for depth in (18, 34, 50, 101):
    resnet(depth)
mobilenet()
