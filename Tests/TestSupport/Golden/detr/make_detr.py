"""Outputs, losses, gradients, ten optimisation steps and detections of a small DETR written in PyTorch.

Run in this folder: OMP_NUM_THREADS=1 python make_detr.py. Computed in float64 from golden weights; the
largest deviation of torch's own float32 is recorded in the metadata.
Made with torch 2.15.0, torchvision 0.29.2, scipy 1.17.1, numpy 2.4.6.

The network is that of Carion et al. 2020 (architecture and names of facebookresearch/detr) on torchvision's
ResNet-18 with frozen batch norm, put together from torch.nn.MultiheadAttention, LayerNorm and Linear; dropout
0. Of the backbone only the last stage learns: among the millions of ReLU inputs before it some lie within
rounding of 0, may fall on either side, and then move every gradient before them by 1e-3.
"""

import math
import sys

sys.path.insert(0, "..")
import numpy
import scipy
import torch
import torch.nn.functional as F
from scipy.optimize import linear_sum_assignment
from torch import nn
from torchvision.models.resnet import resnet18
from torchvision.ops import FrozenBatchNorm2d, box_convert, generalized_box_iou

from golden_weights import Fixture, fill, golden, positions, put, tensor, weight_scale

WIDTH, HEADS, HIDDEN, ENCODERS, DECODERS, QUERIES, CLASSES = 32, 4, 64, 2, 3, 12, 7
# No multiples of 32: the cells' spacing is 26 and 30.4 pixels.
IMAGES = (2, 3, 104, 152)
VALID = [(104, 152), (80, 100)]  # height, width of each picture
BOXES = [
    [[12, 20, 61, 70.5], [70, 9.5, 150, 100], [100.5, 60, 131, 90], [3, 4, 20, 100]],
    [[5, 24, 44, 70], [30, 10, 99.5, 75]],
]
LABELS = [[3, 0, 6, 3], [1, 5]]
# More objects than queries in the first picture.
CROWD = [[[4 + 9 * i, 5 + 5 * (i % 4), 12.5 + 9 * i, 60 + 7 * (i % 5)] for i in range(15)], BOXES[1]]
CROWD_LABELS = [[i % CLASSES for i in range(15)], LABELS[1]]
BACKGROUND, WEIGHTS = 0.1, {"ce": 1.0, "bbox": 5.0, "giou": 2.0}
SAMPLES = 16
RATE, BACKBONE_RATE, DECAY, CLIP = 1e-4, 1e-5, 1e-4, 0.1


def feed_forward(layer, x):
    return layer.linear2(F.relu(layer.linear1(x)))


class EncoderLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.self_attn = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        self.linear1, self.linear2 = nn.Linear(WIDTH, HIDDEN), nn.Linear(HIDDEN, WIDTH)
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)

    def attend(self, x, pos, padding):
        return self.self_attn(x + pos, x + pos, x, key_padding_mask=padding, need_weights=False)[0]

    def forward(self, x, pos, padding, pre_norm):
        if pre_norm:
            x = x + self.attend(self.norm1(x), pos, padding)
            return x + feed_forward(self, self.norm2(x))
        x = self.norm1(x + self.attend(x, pos, padding))
        return self.norm2(x + feed_forward(self, x))


class DecoderLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.self_attn = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        self.multihead_attn = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        self.linear1, self.linear2 = nn.Linear(WIDTH, HIDDEN), nn.Linear(HIDDEN, WIDTH)
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)

    def forward(self, x, queries, memory, pos, padding, pre_norm):
        def own(x):
            return self.self_attn(x + queries, x + queries, x, need_weights=False)[0]

        def cross(x):
            keys = memory + pos
            return self.multihead_attn(
                x + queries, keys, memory, key_padding_mask=padding, need_weights=False
            )[0]

        parts = [(self.norm1, own), (self.norm2, cross), (self.norm3, lambda x: feed_forward(self, x))]
        for norm, part in parts:
            x = x + part(norm(x)) if pre_norm else norm(x + part(x))
        return x


class Part(nn.Module):
    """Layers, and a norm where there is one."""

    def __init__(self, layers, norm):
        super().__init__()
        self.layers = nn.ModuleList(layers)
        if norm:
            self.norm = nn.LayerNorm(WIDTH)


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, 4)])

    def forward(self, x):
        return self.layers[2](F.relu(self.layers[1](F.relu(self.layers[0](x)))))


class Body(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = resnet18(weights=None, norm_layer=FrozenBatchNorm2d)
        del self.body.fc

    def forward(self, x):
        b = self.body
        x = b.maxpool(b.relu(b.bn1(b.conv1(x))))
        return b.layer4(b.layer3(b.layer2(b.layer1(x))))


class Transformer(nn.Module):
    def __init__(self, pre_norm):
        super().__init__()
        self.encoder = Part([EncoderLayer() for _ in range(ENCODERS)], norm=pre_norm)
        self.decoder = Part([DecoderLayer() for _ in range(DECODERS)], norm=True)


class Head(nn.Module):
    def __init__(self, pre_norm, inputs=512, classes=CLASSES):
        super().__init__()
        self.pre_norm = pre_norm
        self.input_proj = nn.Conv2d(inputs, WIDTH, 1)
        self.transformer = Transformer(pre_norm)
        self.query_embed = nn.Embedding(QUERIES, WIDTH)
        self.class_embed = nn.Linear(WIDTH, classes + 1)
        self.bbox_embed = MLP()

    def forward(self, c5, padding):
        pos = encode(padding, c5.dtype)
        x, p, pad = self.input_proj(c5).flatten(2).transpose(1, 2), pos.flatten(1, 2), padding.flatten(1)
        for layer in self.transformer.encoder.layers:
            x = layer(x, p, pad, self.pre_norm)
        if self.pre_norm:
            x = self.transformer.encoder.norm(x)
        queries = self.query_embed.weight[None].expand(len(c5), -1, -1)
        t, hs = torch.zeros_like(queries), []
        for layer in self.transformer.decoder.layers:
            t = layer(t, queries, x, p, pad, self.pre_norm)
            hs.append(self.transformer.decoder.norm(t))
        hs = torch.stack(hs)
        logits, boxes = self.class_embed(hs), self.bbox_embed(hs).sigmoid()
        return dict(c5=c5, pos=pos, memory=x, hs=hs, logits=logits, boxes=boxes)


class DETR(Head):
    def __init__(self, pre_norm):
        super().__init__(pre_norm)
        self.backbone = nn.Sequential(Body())

    def forward(self, images):
        c5 = self.backbone(images)
        return super().forward(c5, masks(c5.shape[2:], IMAGES[2:], VALID))


def masks(size, images, valid):
    """True beside the pictures, shrunk by taking the nearest pixel."""
    full = torch.ones(len(valid), *images)
    for mask, (height, width) in zip(full, valid):
        mask[:height, :width] = 0
    return F.interpolate(full[:, None], size=size, mode="nearest")[:, 0].bool()


def encode(padding, dtype):
    """Sine position encoding, rows first; [N, h, w, WIDTH]."""
    valid = (~padding).to(dtype)
    half = WIDTH // 2
    length = 10000.0 ** (2 * torch.div(torch.arange(half), 2, rounding_mode="floor") / half)
    axes = []
    for axis in (1, 2):
        count = valid.cumsum(axis)
        place = count / (count.select(axis, -1).unsqueeze(axis) + 1e-6) * 2 * math.pi
        angle = place[..., None] / length.to(dtype)
        axes.append(torch.stack((angle[..., 0::2].sin(), angle[..., 1::2].cos()), -1).flatten(-2))
    return torch.cat(axes, -1)


def normalized(boxes, size, dtype):
    height, width = size
    scale = torch.tensor([width, height, width, height], dtype=dtype)
    return box_convert(torch.tensor(boxes, dtype=dtype), "xyxy", "cxcywh") / scale


def giou(a, b):
    return generalized_box_iou(box_convert(a, "cxcywh", "xyxy"), box_convert(b, "cxcywh", "xyxy"))


def match(logits, boxes, truth, label, class_weight=1.0):
    """Rows and columns of the cheapest pairing of one image's queries and objects."""
    with torch.no_grad():
        cost = WEIGHTS["bbox"] * torch.cdist(boxes, truth, p=1)
        cost = cost - class_weight * logits.softmax(-1)[:, label] - WEIGHTS["giou"] * giou(boxes, truth)
    return [torch.from_numpy(x) for x in linear_sum_assignment(cost.numpy())]


def losses(
    out, boxes, labels, matches, by_matches=False, valid=VALID, background=BACKGROUND, class_by_matches=False
):
    """name -> weighted loss; collects the pairs in `matches`."""
    dtype, result = out["logits"].dtype, {}
    truth = [normalized(b, size, dtype) for b, size in zip(boxes, valid)]
    classes = out["logits"].shape[-1] - 1
    weight = torch.ones(classes + 1, dtype=dtype)
    weight[-1] = background
    for layer in range(DECODERS):
        logits, predicted = out["logits"][layer], out["boxes"][layer]
        target = torch.full(logits.shape[:2], classes)
        distance, overlap, count = 0, 0, 0
        for n in range(len(logits)):
            label = torch.tensor(labels[n])
            rows, columns = match(logits[n], predicted[n], truth[n], label)
            matches.append((rows.tolist(), columns.tolist()))
            target[n, rows] = label[columns]
            distance = distance + (predicted[n, rows] - truth[n][columns]).abs().sum()
            overlap = overlap + (1 - giou(predicted[n, rows], truth[n][columns]).diag()).sum()
            count += len(rows) if by_matches else len(label)
        prefix = "" if layer == DECODERS - 1 else f"d{layer}."
        entropy = F.cross_entropy(logits.flatten(0, 1), target.flatten(), weight, reduction="sum")
        divisor = max((target < classes).sum(), 1) if class_by_matches else weight[target].sum()
        result[prefix + "loss_cls"] = WEIGHTS["ce"] * entropy / divisor
        result[prefix + "loss_bbox"] = WEIGHTS["bbox"] * distance / max(count, 1)
        result[prefix + "loss_iou"] = WEIGHTS["giou"] * overlap / max(count, 1)
    return result


def fill_head(net, prefix=""):
    """Golden numbers for everything behind the backbone."""
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if name.startswith("backbone."):
                continue
            kind = name.split(".")[-1]
            if "norm" in name.split(".")[-2]:
                scale, shift = (0.2, 1.0) if kind == "weight" else (0.1, 0.0)
                put(parameter, prefix + name, scale, shift)
            elif kind in ("bias", "in_proj_bias"):
                put(parameter, prefix + name, 0.05)
            elif name == "query_embed.weight":
                put(parameter, prefix + name, 1.0)
            else:
                # The last map is large: its projection is small.
                gain = 0.3 if name == "input_proj.weight" else 1.0
                put(parameter, prefix + name, weight_scale(parameter, gain))


def network(dtype, pre_norm):
    net = DETR(pre_norm)
    fill(net.backbone, "backbone.", last_norms=(".bn2",))
    fill_head(net)
    for name, parameter in net.named_parameters():
        parameter.requires_grad = not name.startswith("backbone.") or ".layer4." in name
    return net.to(dtype)


def ten_steps(net, images, matches):
    groups = [
        {"params": [p for n, p in net.named_parameters() if not n.startswith("backbone.")]},
        {"params": [p for n, p in net.named_parameters() if ".layer4." in n], "lr": BACKBONE_RATE},
    ]
    optimizer = torch.optim.AdamW(groups, lr=RATE, weight_decay=DECAY)
    history, norms = [], []
    for _ in range(10):
        terms = losses(net(images), BOXES, LABELS, matches)
        history.append([v.item() for v in terms.values()])
        optimizer.zero_grad()
        sum(terms.values()).backward()
        norms.append(nn.utils.clip_grad_norm_(net.parameters(), CLIP).item())
        optimizer.step()
    return torch.tensor(history, dtype=torch.float64), torch.tensor(norms, dtype=torch.float64)


def detect(out):
    found = []
    for logits, boxes, (height, width) in zip(out["logits"][-1], out["boxes"][-1], VALID):
        scores, labels = logits.softmax(-1)[:, :-1].max(-1)
        order = scores.argsort(descending=True)
        scale = torch.tensor([width, height, width, height], dtype=boxes.dtype)
        found.append((box_convert(boxes, "cxcywh", "xyxy")[order] * scale, scores[order], labels[order]))
    return found


def run(dtype, pre_norm):
    net = network(dtype, pre_norm)
    images = tensor("input", IMAGES, 2.0).to(dtype)
    matches = []
    out = net(images)
    terms = losses(out, BOXES, LABELS, matches)
    sum(terms.values()).backward()
    gradients = {name: p.grad.double() for name, p in net.named_parameters() if p.requires_grad}
    with torch.no_grad():
        crowds = [losses(out, CROWD, CROWD_LABELS, matches, by) for by in (False, True)]
        found = detect(out)
    net.zero_grad()
    history, norms = ten_steps(net, images, matches)
    result = dict(out=out, terms=terms, gradients=gradients, crowds=crowds, found=found)
    return result | dict(history=history, norms=norms, matches=matches)


def relative(a, b):
    return ((a.double() - b).abs().max() / b.abs().max()).item()


def write(fixture, prefix, pre_norm):
    truth, single = run(torch.float64, pre_norm), run(torch.float32, pre_norm)
    # No pairing may hang on rounding.
    assert truth["matches"] == single["matches"]
    out = truth["out"]
    for key in ("c5", "pos", "memory", "hs", "logits", "boxes"):
        value = out[key].permute(0, 2, 3, 1) if key == "c5" else out[key]
        fixture.digest(prefix + key, value)
        print(prefix + key, tuple(value.shape), "float32", relative(single["out"][key], out[key]))
    fixture.note(prefix + "losses", list(truth["terms"]))
    fixture.double(prefix + "losses", torch.stack([v.detach() for v in truth["terms"].values()]))
    print({k: round(v.item(), 4) for k, v in truth["terms"].items()})
    for name, terms in zip(("objects", "matches"), truth["crowds"]):
        fixture.double(f"{prefix}crowd.{name}", torch.stack(list(terms.values())))
    names = list(truth["gradients"])
    at = torch.stack([torch.from_numpy(positions(n, truth["gradients"][n].numel(), SAMPLES)) for n in names])
    rows = [truth["gradients"][n].reshape(-1) for n in names]
    fixture.note(prefix + "gradient.names", names)
    fixture.integers(prefix + "gradient.positions", at)
    fixture.add(prefix + "gradient.samples", torch.stack([row[a] for row, a in zip(rows, at)]))
    fixture.double(prefix + "gradient.norm", torch.stack([row.norm() for row in rows]))
    fixture.double(prefix + "gradient.sum", torch.stack([row.sum() for row in rows]))
    off = [float((single["gradients"][n] - g).norm() / g.norm()) for n, g in truth["gradients"].items()]
    print("gradients, relative error of norm", sorted(off)[::12], max(off), names[off.index(max(off))])
    fixture.double(prefix + "steps.losses", truth["history"])
    fixture.double(prefix + "steps.norms", truth["norms"])
    error = (single["history"] / truth["history"] - 1).abs().max().item()
    print("ten steps", truth["history"].sum(1).tolist(), truth["norms"].tolist(), "float32", error)
    for i, (boxes, scores, labels) in enumerate(truth["found"]):
        assert torch.equal(labels, single["found"][i][2])
        fixture.add(f"{prefix}detections.{i}.boxes", boxes)
        fixture.add(f"{prefix}detections.{i}.scores", scores)
        fixture.integers(f"{prefix}detections.{i}.labels", labels)
    fixture.note(prefix + "float32_error", {"steps": error, "gradients": max(off)})


def main():
    fixture = Fixture()
    fixture.digest("input", tensor("input", IMAGES, 2.0).permute(0, 2, 3, 1))
    for name, boxes, labels in (("", BOXES, LABELS), ("crowd.", CROWD, CROWD_LABELS)):
        for i in range(2):
            fixture.add(f"{name}boxes.{i}", boxes[i])
            fixture.integers(f"{name}labels.{i}", labels[i])
    fixture.integers("padding", masks((4, 5), IMAGES[2:], VALID))
    for prefix, pre_norm in (("post.", False), ("pre.", True)):
        write(fixture, prefix, pre_norm)
    fixture.note("scipy", scipy.__version__)
    fixture.save("detr.safetensors")


if __name__ == "__main__":
    main()
