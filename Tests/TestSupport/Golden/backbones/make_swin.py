"""Swin transformers: torchvision's swin_t, and a narrow one in MMDetection's form, where every stage is padded.

Run in this folder: python make_swin.py
Writes swin_tiny.safetensors and swin_padded.safetensors: the four maps behind their output norms, and the gradients
of every parameter from given gradients of the maps. Computed in float64, rounded to float32.
Made with torch 2.15.0, torchvision 0.29.2, numpy 2.4.6.
"""

import math
import sys

sys.path.insert(0, "..")
import torch
import torchvision
from torch import nn
from torch.nn import functional

from golden_weights import Fixture, fill, put, tensor, weight_scale

SAMPLES = 16
LARGEST_FULL_MAP = 60_000  # bytes


def fill_tables(model):
    for path, table in model.named_parameters():
        if path.endswith("relative_position_bias_table"):
            with torch.no_grad():
                put(table, path, weight_scale(table, math.sqrt(2.0)))


def save(name, model, images, maps):
    """maps: [N, H, W, C] each."""
    fixture = Fixture()
    fixture.digest("input", images.permute(0, 2, 3, 1), SAMPLES)
    total = 0
    for level, value in enumerate(maps, 2):
        fixture.digest(f"c{level}", value, SAMPLES)
        fixture.note(f"c{level}.shape", list(value.shape))
        if value.numel() * 4 <= LARGEST_FULL_MAP:
            fixture.add(f"c{level}", value)
        total = total + (value * tensor(f"grad.c{level}", tuple(value.shape))).sum()
        print(f"{name} c{level} {tuple(value.shape)} max {value.abs().max():.3f}")
    total.backward()
    for path, parameter in model.named_parameters():
        if parameter.grad is not None:
            fixture.digest("grad." + path, parameter.grad, SAMPLES)
    fixture.save(f"{name}.safetensors")


def tiny():
    model = torchvision.models.swin_t(weights=None).eval()
    # torchvision norms its last map alone; detectors norm all four.
    model.norms = nn.ModuleDict({f"norm{i}": nn.LayerNorm(96 << i, eps=1e-5) for i in range(3)})
    fill(model)
    fill_tables(model)
    model.double()
    images = tensor("input", (1, 3, 256, 288), 2.0)
    x, maps = images, []
    for i, part in enumerate(model.features):
        x = part(x)
        if i % 2 == 1:
            stage = i // 2
            maps.append((model.norm if stage == 3 else model.norms[f"norm{stage}"])(x))
    save("swin_tiny", model, images, maps)


WINDOW = 7


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.relative_position_bias_table = nn.Parameter(torch.zeros((2 * WINDOW - 1) ** 2, heads))
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def bias(self):
        rows = []
        for query in range(WINDOW * WINDOW):
            for key in range(WINDOW * WINDOW):
                down = query // WINDOW - key // WINDOW + WINDOW - 1
                right = query % WINDOW - key % WINDOW + WINDOW - 1
                rows.append(down * (2 * WINDOW - 1) + right)
        count = WINDOW * WINDOW
        return self.relative_position_bias_table[torch.tensor(rows)].reshape(count, count, -1).permute(2, 0, 1)

    def forward(self, x, mask):
        """x: [N, windows, tokens, C]; mask: [windows, tokens, tokens]."""
        n, w, t, c = x.shape
        q, k, v = self.qkv(x).reshape(n, w, t, 3, self.heads, c // self.heads).permute(3, 0, 1, 4, 2, 5)
        scores = q * (c // self.heads) ** -0.5 @ k.transpose(-1, -2) + self.bias()
        if mask is not None:
            scores = scores + mask[None, :, None]
        return self.proj((scores.softmax(-1) @ v).transpose(2, 3).reshape(n, w, t, c))


class Perceptron(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        return self.fc2(functional.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, width, heads, shift):
        super().__init__()
        self.shift = shift
        self.norm1, self.attn = nn.LayerNorm(width), Attention(width, heads)
        self.norm2, self.mlp = nn.LayerNorm(width), Perceptron(width)

    def mask(self, high, wide):
        if not self.shift:
            return None
        labels = torch.zeros(high, wide, dtype=torch.long)
        cuts = (slice(0, -WINDOW), slice(-WINDOW, -self.shift), slice(-self.shift, None))
        for i, rows in enumerate(cuts):
            for j, columns in enumerate(cuts):
                labels[rows, columns] = 3 * i + j
        labels = windows(labels[None, :, :, None])[0, :, :, 0]
        return (labels[:, None] != labels[:, :, None]) * -100.0

    def attend(self, x):
        n, h, w, c = x.shape
        high, wide = -(-h // WINDOW) * WINDOW, -(-w // WINDOW) * WINDOW
        x = functional.pad(x, (0, 0, 0, wide - w, 0, high - h)).roll((-self.shift, -self.shift), (1, 2))
        y = self.attn(windows(x), self.mask(high, wide))
        y = y.reshape(n, high // WINDOW, wide // WINDOW, WINDOW, WINDOW, c).transpose(2, 3).reshape(n, high, wide, c)
        return y.roll((self.shift, self.shift), (1, 2))[:, :h, :w]

    def forward(self, x):
        x = x + self.attend(self.norm1(x))
        return x + self.mlp(self.norm2(x))


def windows(x):
    n, h, w, c = x.shape
    x = x.reshape(n, h // WINDOW, WINDOW, w // WINDOW, WINDOW, c).transpose(2, 3)
    return x.reshape(n, (h // WINDOW) * (w // WINDOW), WINDOW * WINDOW, c)


class Merging(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm, self.reduction = nn.LayerNorm(4 * width), nn.Linear(4 * width, 2 * width, bias=False)

    def forward(self, x):
        x = functional.pad(x, (0, 0, 0, x.shape[2] % 2, 0, x.shape[1] % 2))
        parts = [x[:, 0::2, 0::2], x[:, 1::2, 0::2], x[:, 0::2, 1::2], x[:, 1::2, 1::2]]
        return self.reduction(self.norm(torch.cat(parts, -1)))


class Stage(nn.Module):
    def __init__(self, width, heads, depth, merges):
        super().__init__()
        self.blocks = nn.ModuleList(Block(width, heads, WINDOW // 2 * (i % 2)) for i in range(depth))
        if merges:
            self.downsample = Merging(width)


class Swin(nn.Module):
    def __init__(self, width, depths, heads):
        super().__init__()
        self.patch_embed = nn.Module()
        self.patch_embed.proj, self.patch_embed.norm = nn.Conv2d(3, width, 4, 4), nn.LayerNorm(width)
        self.layers = nn.ModuleList(Stage(width << i, heads[i], depths[i], i < 3) for i in range(4))
        for i in range(4):
            setattr(self, f"norm{i}", nn.LayerNorm(width << i))

    def forward(self, x):
        x = functional.pad(x, (0, -x.shape[3] % 4, 0, -x.shape[2] % 4))
        x, maps = self.patch_embed.norm(self.patch_embed.proj(x).permute(0, 2, 3, 1)), []
        for i, stage in enumerate(self.layers):
            for block in stage.blocks:
                x = block(x)
            maps.append(getattr(self, f"norm{i}")(x))
            if i < 3:
                x = stage.downsample(x)
        return maps


def padded():
    model = Swin(32, (2, 2, 2, 2), (1, 2, 4, 8))
    fill(model)
    fill_tables(model)
    model.double()
    # Maps of 23x31, 12x16, 6x8 and 3x4: all are padded, the last has one window.
    images = tensor("input", (2, 3, 90, 123), 2.0)
    save("swin_padded", model, images, model(images))


tiny()
padded()
