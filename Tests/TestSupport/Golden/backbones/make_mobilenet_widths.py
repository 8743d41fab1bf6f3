"""torchvision's mobilenet_v2 of other widths, all of it, with golden weights.

Run in this folder: python make_mobilenet_widths.py
Writes mobilenet_v2_widths.safetensors: digests of the maps that detectors read, and of the gradients of every parameter
from given gradients of those maps. Computed in float64, rounded to float32, norms by their stored statistics.
Made with torch 2.15.0, torchvision 0.29.2, numpy 2.4.6.
"""

import sys

sys.path.insert(0, "..")
import torch
import torchvision

from golden_weights import Fixture, fill, tensor

SAMPLES = 8

fixture = Fixture()
for width in (0.35, 1.4):
    model = torchvision.models.mobilenet_v2(weights=None, width_mult=width).eval()
    fill(model)
    model.double()
    images = tensor("input", (1, 3, 64, 96), 2.0)
    x, total = images, 0
    for index, block in enumerate(model.features):
        x = block(x)
        if index in (3, 6, 13, 18):
            value, key = x.permute(0, 2, 3, 1), f"{width}.features.{index}"
            fixture.digest(key, value, SAMPLES)
            fixture.note(key + ".shape", list(value.shape))
            total = total + (value * tensor("grad." + key, tuple(value.shape))).sum()
            print(f"{key} {tuple(value.shape)} rms {value.pow(2).mean().sqrt():.3f} max {value.abs().max():.3f}")
    total.backward()
    for path, parameter in model.features.named_parameters():
        fixture.digest(f"{width}.grad.features.{path}", parameter.grad, SAMPLES)
fixture.save("mobilenet_v2_widths.safetensors")
