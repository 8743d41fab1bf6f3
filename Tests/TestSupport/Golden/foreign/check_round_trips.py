"""Models with random weights there and back: python check_round_trips.py PROGRAM [MODEL ...]

For torchvision's detectors and facebookresearch/detr's: PyTorch saves the model in both its formats, `aligndet-mpi
import` reads each, `detect` finds what PyTorch's model finds, `export` writes it, and PyTorch loads it with strict=True
and the very same numbers. Needs torch, torchvision and Pillow; takes a minute a model on one core.
"""

import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
import torch
import torchvision
from PIL import Image
from torch import nn
from torch.nn import functional as F
from torchvision.ops import FrozenBatchNorm2d

HEIGHT, WIDTH = 224, 288
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
TOLERANCE = 1e-4


class EncoderLayer(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.self_attn = nn.MultiheadAttention(d, 8, batch_first=True)
        self.linear1, self.linear2 = nn.Linear(d, 2048), nn.Linear(2048, d)
        self.norm1, self.norm2 = nn.LayerNorm(d), nn.LayerNorm(d)

    def forward(self, x, pos):
        x = self.norm1(x + self.self_attn(x + pos, x + pos, x)[0])
        return self.norm2(x + self.linear2(F.relu(self.linear1(x))))


class DecoderLayer(EncoderLayer):
    def __init__(self, d):
        super().__init__(d)
        self.multihead_attn, self.norm3 = nn.MultiheadAttention(d, 8, batch_first=True), nn.LayerNorm(d)

    def forward(self, x, queries, memory, pos):
        x = self.norm1(x + self.self_attn(x + queries, x + queries, x)[0])
        x = self.norm2(x + self.multihead_attn(x + queries, memory + pos, memory)[0])
        return self.norm3(x + self.linear2(F.relu(self.linear1(x))))


class DETR(nn.Module):
    """facebookresearch/detr's detr_resnet50, at evaluation of one whole image."""

    def __init__(self, d=256, classes=91, queries=100):
        super().__init__()
        body = nn.Module()
        body.body = torchvision.models.resnet50(weights=None, norm_layer=FrozenBatchNorm2d)
        del body.body.fc
        self.backbone = nn.ModuleList([body])
        self.input_proj, self.query_embed = nn.Conv2d(2048, d, 1), nn.Embedding(queries, d)
        self.transformer = nn.Module()
        for name, layer in (("encoder", EncoderLayer), ("decoder", DecoderLayer)):
            part = nn.Module()
            part.layers = nn.ModuleList(layer(d) for _ in range(6))
            setattr(self.transformer, name, part)
        self.transformer.decoder.norm = nn.LayerNorm(d)
        self.class_embed = nn.Linear(d, classes + 1)
        self.bbox_embed = nn.Module()
        self.bbox_embed.layers = nn.ModuleList([nn.Linear(d, d), nn.Linear(d, d), nn.Linear(d, 4)])

    @staticmethod
    def positions(height, width, half):
        rows = (torch.arange(height) + 1) / (height + 1e-6) * 2 * math.pi
        columns = (torch.arange(width) + 1) / (width + 1e-6) * 2 * math.pi
        scale = 10000 ** (2 * (torch.arange(half) // 2) / half)

        def encoded(at):
            angle = at[:, None] / scale
            return torch.stack((angle[:, 0::2].sin(), angle[:, 1::2].cos()), 2).flatten(1)

        y = encoded(rows)[:, None].expand(height, width, half)
        x = encoded(columns)[None].expand(height, width, half)
        return torch.cat((y, x), 2).reshape(1, height * width, 2 * half)

    def forward(self, images):
        b = self.backbone[0].body
        image = (images[0] - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]
        x = b.maxpool(b.relu(b.bn1(b.conv1(image[None]))))
        x = self.input_proj(b.layer4(b.layer3(b.layer2(b.layer1(x)))))
        pos = self.positions(x.shape[2], x.shape[3], x.shape[1] // 2)
        memory = x.flatten(2).transpose(1, 2)
        for layer in self.transformer.encoder.layers:
            memory = layer(memory, pos)
        queries = self.query_embed.weight[None]
        y = torch.zeros_like(queries)
        for layer in self.transformer.decoder.layers:
            y = layer(y, queries, memory, pos)
        y = self.transformer.decoder.norm(y)
        scores, labels = self.class_embed(y)[0].softmax(-1)[:, :-1].max(-1)
        for layer in self.bbox_embed.layers[:2]:
            y = F.relu(layer(y))
        cx, cy, w, h = self.bbox_embed.layers[2](y)[0].sigmoid().unbind(-1)
        boxes = torch.stack(((cx - w / 2) * WIDTH, (cy - h / 2) * HEIGHT, (cx + w / 2) * WIDTH, (cy + h / 2) * HEIGHT), 1)
        return [{"boxes": boxes, "labels": labels, "scores": scores}]


def torchvision_model(name):
    build = getattr(torchvision.models.detection, name)
    return build(weights=None, weights_backbone=None, min_size=HEIGHT, max_size=WIDTH)


# Layers whose outputs decide, and how far those shall reach.
MODELS = {
    "retinanet_resnet50_fpn": ("torchvision", {"head.classification_head.cls_logits": 1.5, "head.regression_head.bbox_reg": 0.2}),
    "fcos_resnet50_fpn": ("torchvision", {"head.classification_head.cls_logits": 1.5, "head.regression_head.bbox_reg": 1.0}),
    "fasterrcnn_resnet50_fpn": ("torchvision", {"rpn.head.cls_logits": 1.0, "rpn.head.bbox_pred": 0.2, "roi_heads.box_predictor.cls_score": 2.0, "roi_heads.box_predictor.bbox_pred": 0.5}),
    "maskrcnn_resnet50_fpn": ("torchvision", {"rpn.head.cls_logits": 1.0, "rpn.head.bbox_pred": 0.2, "roi_heads.box_predictor.cls_score": 2.0, "roi_heads.box_predictor.bbox_pred": 0.5, "roi_heads.mask_predictor.mask_fcn_logits": 2.0}),
    "detr_resnet50": ("detr", {"class_embed": 2.0, "bbox_embed.layers.2": 1.0}),
}


def randomize(model):
    """Random weights, with norms that keep maps at the size of the image's."""
    torch.manual_seed(1)
    with torch.no_grad():
        for path, module in model.named_modules():
            if isinstance(module, FrozenBatchNorm2d):
                last = path.endswith("bn3")
                module.weight.uniform_(0.2 if last else 0.8, 0.4 if last else 1.2)
                module.bias.uniform_(-0.1, 0.1)
                module.running_mean.uniform_(-0.2, 0.2)
                module.running_var.uniform_(0.6, 1.4)


def calibrate(model, image, layers):
    """Scales last layers until their outputs have the wanted deviation, one after the other."""
    for path, deviation in layers.items():
        module, seen = model.get_submodule(path), []
        handle = module.register_forward_hook(lambda _, __, y: seen.append(y.flatten()))
        with torch.no_grad():
            model([image])
            handle.remove()
            y = torch.cat(seen)
            module.weight.mul_(deviation / y.std())
            module.bias.zero_()
            # The background of two-stage detectors, which nothing reads.
            if path.endswith("box_predictor.bbox_pred"):
                module.weight[:4] = 0
            if path.endswith("mask_fcn_logits"):
                module.weight[0] = 0


def compare(found, expected, name):
    """Every detection of the one has its like in the other; returns the largest differences."""
    assert len(found) == len(expected["scores"]) or abs(len(found) - len(expected["scores"])) <= 2, (len(found), len(expected["scores"]))
    worst, lost = [0.0, 0.0], 0
    for item in found:
        x, y, w, h = item["bbox"]
        box = torch.tensor([x, y, x + w, y + h])
        same = expected["labels"] == item["category_id"]
        if not same.any():
            lost += 1
            continue
        distance = (expected["boxes"][same] - box).abs().amax(1) / max(HEIGHT, WIDTH)
        at = int(distance.argmin())
        score = abs(float(expected["scores"][same][at]) - item["score"])
        if distance[at] > TOLERANCE or score > TOLERANCE:
            lost += 1
            continue
        worst = [max(worst[0], float(distance[at])), max(worst[1], score)]
    assert len(found) > 20 and lost <= len(found) // 50, f"{name}: {lost} of {len(found)} detections differ"
    return worst, lost


def main():
    program, wanted = sys.argv[1], sys.argv[2:] or list(MODELS)
    pixels = numpy.random.default_rng(2).integers(0, 256, (HEIGHT // 8, WIDTH // 8, 3), dtype=numpy.uint8)
    picture = Image.fromarray(pixels).resize((WIDTH, HEIGHT), Image.BILINEAR)
    image = torch.from_numpy(numpy.asarray(picture).copy()).permute(2, 0, 1).float() / 255
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        picture.save(folder / "picture.png")

        def run(*arguments):
            subprocess.run([program, *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL)

        for model_name in wanted:
            family, layers = MODELS[model_name]
            model = (DETR() if family == "detr" else torchvision_model(model_name)).eval()
            randomize(model)
            calibrate(model, image, layers)
            with torch.no_grad():
                expected = model([image])[0]
            state = model.state_dict()
            for kind in ("zip", "legacy"):
                content = {"model": state} if family == "detr" else state
                torch.save(content, folder / f"{kind}.pth", _use_new_zipfile_serialization=kind == "zip")
                run("import", f"{kind}.pth", "--from", family, "--model", model_name, "--out", f"{kind}.safetensors",
                    "--cfg-options", f"pipeline.test.short_side={HEIGHT}", f"pipeline.test.long_side={WIDTH}")
                run("detect", f"{kind}.safetensors", "picture.png", "--json", f"{kind}.json", "--score-thr", "0")
                worst, lost = compare(json.loads((folder / f"{kind}.json").read_text()), expected, model_name)
                run("export", f"{kind}.safetensors", "--to", family, "--out", f"{kind}_back.pth")
                back = torch.load(folder / f"{kind}_back.pth", weights_only=True)
                back = back["model"] if family == "detr" else back
                model.load_state_dict(back, strict=True)
                assert all(torch.equal(back[key], value) for key, value in state.items()), model_name
                print(f"{model_name} {kind}: {len(state)} tensors equal; boxes within {worst[0]:.1e} of the picture, "
                      f"scores within {worst[1]:.1e}, {lost} detections changed places")


main()
