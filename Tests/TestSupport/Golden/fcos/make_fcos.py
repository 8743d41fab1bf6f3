"""Outputs, losses, ten optimisation steps, detections and every gradient of torchvision's FCOS.

Run in this folder: OMP_NUM_THREADS=1 python make_fcos.py (minutes). Computed in float64 from golden weights; the deviation
of torch's own float32 is recorded in the metadata. Gradients are compared on one small image that lies far from all
kinks: of many inputs the one is taken whose smallest distance to one is largest.
Made with torch 2.15.0, torchvision 0.29.2, numpy 2.4.6, safetensors 0.8.0.
"""

import sys
from collections import OrderedDict

sys.path.insert(0, "..")
import torch
import torch.nn.functional as F
from torchvision.models.detection.backbone_utils import _resnet_fpn_extractor
from torchvision.models.detection.fcos import FCOS
from torchvision.models.detection.image_list import ImageList
from torchvision.models.resnet import resnet50
from torchvision.ops import FrozenBatchNorm2d, box_iou
from torchvision.ops.feature_pyramid_network import LastLevelP6P7

from golden_weights import Fixture, fill, positions, tensor

CLASSES, BOXES_OUT = "head.classification_head.cls_logits", "head.regression_head.bbox_reg"
CENTRENESS = "head.regression_head.bbox_ctrness"
# Gains other than sqrt(2), so that activations, the gradient and ten steps stay moderate.
GAINS = {CLASSES: 0.9, BOXES_OUT: 0.6, CENTRENESS: 0.8}
GAINS |= {f"backbone.fpn.{kind}_blocks.{i}.0": 0.3 for kind in ("inner", "layer") for i in range(3)}
SHIFTS = {CLASSES: -3.2, BOXES_OUT: 2.0}  # boxes of about four strides
IMAGES, SMALL = (2, 3, 128, 160), (1, 3, 64, 64)
BOXES = [
    [[12.3, 20.7, 61.2, 70.6], [70.7, 9.4, 150.3, 118.2], [100.6, 60.3, 131.1, 90.8]],
    [[5.2, 64.7, 44.3, 120.1], [30.4, 10.9, 139.6, 99.3]],
]
LABELS = [[17, 1, 62], [1, 90]]
SMALL_BOXES, SMALL_LABELS = [[[6.3, 10.2, 41.5, 38.6], [22.1, 4.6, 62.2, 59.3]]], [[17, 62]]
SAMPLES, CANDIDATES = 16, 240
RATE = 1e-4
INPUTS = 12
TERMS = ("classification", "bbox_regression", "bbox_ctrness")


def model(dtype):
    """fcos_resnet50_fpn as with pre-trained weights: frozen batch norm; every convolution trainable."""
    body = resnet50(weights=None, norm_layer=FrozenBatchNorm2d)
    backbone = _resnet_fpn_extractor(body, 5, returned_layers=[2, 3, 4], extra_blocks=LastLevelP6P7(256, 256))
    net = FCOS(backbone, 91)
    assert (GAINS.keys() | SHIFTS.keys()) <= dict(net.named_modules()).keys()
    fill(net, gains=GAINS, last_norms=("bn3",), bias_shift=SHIFTS)
    assert all(p.requires_grad for p in net.parameters())
    return net.to(dtype).train()


def forward(net, dtype, name, shape=IMAGES):
    image = tensor(name, shape, 2.0).to(dtype)
    pyramid = net.backbone.fpn(OrderedDict(net.backbone.body(image)))
    outputs = net.head(list(pyramid.values()))
    anchors = net.anchor_generator(ImageList(image, [shape[2:]] * shape[0]), list(pyramid.values()))
    return pyramid, outputs, anchors


def counts(pyramid):
    return [value.shape[2] * value.shape[3] for value in pyramid.values()]


def losses(net, pyramid, outputs, anchors, boxes, labels, dtype):
    targets = [{"boxes": torch.tensor(b, dtype=dtype), "labels": torch.tensor(l)} for b, l in zip(boxes, labels)]
    return net.compute_loss(targets, outputs, anchors, counts(pyramid))


def ten_steps(net, dtype, name):
    rule = torch.optim.SGD(net.parameters(), lr=RATE, momentum=0.9, weight_decay=1e-4)
    history = []
    for _ in range(10):
        terms = losses(net, *forward(net, dtype, name), BOXES, LABELS, dtype)
        history.append([terms[key].item() for key in TERMS])
        rule.zero_grad()
        sum(terms.values()).backward()
        rule.step()
    return torch.tensor(history, dtype=torch.float64)


def detect(net, pyramid, outputs, anchors):
    sizes = counts(pyramid)
    split = {key: list(value.split(sizes, 1)) for key, value in outputs.items()}
    return net.postprocess_detections(split, [list(a.split(sizes)) for a in anchors], [IMAGES[2:]] * 2)


def detection_margin(net, values, found):
    """Smallest distance of the decisions behind the detections from a change."""
    threshold = net.nms_thresh
    net.nms_thresh, net.detections_per_img = 1.0, 100_000
    overlap, gap = 1.0, 1.0
    for every, kept in zip(detect(net, *values), found):
        used = every["scores"] > kept["scores"][-1] - 1e-3
        boxes, scores, labels = (every[key][used] for key in ("boxes", "scores", "labels"))
        iou = box_iou(boxes, boxes)[(labels[:, None] == labels[None]).triu(1)]
        overlap = min(overlap, (iou - threshold).abs().min().item())
        gap = min(gap, (-kept["scores"].diff()).min().item(), (every["scores"] - 0.2).abs().min().item())
    net.nms_thresh, net.detections_per_img = threshold, 100
    return overlap, gap


def assignment_margin(net, anchors, boxes, sizes):
    """Smallest distance in pixels of any point from a bound of the assignment, and of any two areas."""
    margin = 1e9
    centre, side = (anchors[:, :2] + anchors[:, 2:]) / 2, anchors[:, 2] - anchors[:, 0]
    for group in boxes:
        box = torch.tensor(group, dtype=torch.float64)
        away = (centre[:, None] - (box[:, :2] + box[:, 2:])[None] / 2).abs().max(2).values
        margin = min(margin, (away - net.center_sampling_radius * side[:, None]).abs().min())
        near = torch.cat([centre[:, None] - box[None, :, :2], box[None, :, 2:] - centre[:, None]], 2)
        margin = min(margin, near.abs().min())
        far = near.max(2).values
        for bound in (64, 128, 256, 512):
            margin = min(margin, (far - bound).abs().min())
        area = (box[:, 2:] - box[:, :2]).prod(1)
        margin = min(margin, (area[:, None] - area[None])[~torch.eye(len(area), dtype=bool)].abs().min())
    return float(margin)


def choose_input():
    """The input whose detections are clearest of rounding; the overlap may come ten times as close."""
    net, best = model(torch.float64), (0.0, "")
    for k in range(INPUTS):
        with torch.no_grad():
            values = forward(net, torch.float64, f"fcos.{k}")
            overlap, gap = detection_margin(net, values, detect(net, *values))
        best = max(best, (min(overlap / 10, gap), f"fcos.{k}"))
        print(best, flush=True)
    return best


class TooClose(Exception):
    pass


class Margin:
    """Smallest distance of a ReLU's input from 0 and of a pooling window's two best, beside the map's rms."""

    def __init__(self, least):
        self.least, self.value = least, 1.0

    def __enter__(self):
        self.relu, self.pool = F.relu, F.max_pool2d
        F.relu, F.max_pool2d = self.watched_relu, self.watched_pool
        return self

    def __exit__(self, *_):
        F.relu, F.max_pool2d = self.relu, self.pool

    def note(self, distance, x):
        self.value = min(self.value, float(distance / x.pow(2).mean().sqrt()))
        if self.value < self.least:
            raise TooClose

    def watched_relu(self, x, inplace=False):
        self.note(x.abs().min(), x)
        return self.relu(x)

    def watched_pool(self, x, *arguments, **names):
        windows = F.unfold(F.pad(x, (1, 1, 1, 1)), 3, stride=2).unflatten(1, (x.shape[1], 9))
        best = windows.topk(2, 2).values
        gap = (best[:, :, 0] - best[:, :, 1])[best[:, :, 0] > 0]
        self.note(gap.min(), x)
        return self.pool(x, *arguments, **names)


def choose_small(net):
    best = (0.0, "")
    for k in range(CANDIDATES):
        try:
            with torch.no_grad(), Margin(best[0]) as margin:
                forward(net, torch.float64, f"fcos.small.{k}", SMALL)
            best = (margin.value, f"fcos.small.{k}")
            print(best, flush=True)
        except TooClose:
            continue
    return best


def gradients(name, dtype):
    net = model(dtype)
    values = forward(net, dtype, name, SMALL)
    terms = losses(net, *values, SMALL_BOXES, SMALL_LABELS, dtype)
    sum(terms.values()).backward()
    return terms, values, {key: p.grad.double() for key, p in net.named_parameters()}


def relative(a, b):
    return ((a.double() - b).abs().max() / b.abs().max()).item()


def main():
    fixture = Fixture()
    runs = {}
    margin, chosen = choose_input()
    fixture.note("input.name", chosen)
    fixture.note("input.margin", margin)
    for dtype in (torch.float64, torch.float32):
        net = model(dtype)
        values = forward(net, dtype, chosen)
        result = dict(values=values, losses=losses(net, *values, BOXES, LABELS, dtype))
        with torch.no_grad():
            result["found"] = detect(net, *values)
        result["history"] = ten_steps(net, dtype, chosen)
        runs[dtype] = result
    truth, single = runs[torch.float64], runs[torch.float32]
    pyramid, outputs, anchors = truth["values"]
    margin = assignment_margin(model(torch.float64), anchors[0], BOXES, counts(pyramid))
    print("assignment margin", margin)
    assert margin > 1e-3
    for level, value in enumerate(pyramid.values(), 3):
        fixture.digest(f"p{level}", value.permute(0, 2, 3, 1))
    for key, value in outputs.items():
        print(key, tuple(value.shape), "mean", value.mean().item(), "std", value.std().item())
        for level, part in enumerate(value.split(counts(pyramid), 1), 3):
            fixture.digest(f"{key}.p{level}", part)
    fixture.add("centres", (anchors[0][:, :2] + anchors[0][:, 2:]) / 2)
    for i in range(2):
        fixture.add(f"boxes.{i}", BOXES[i])
        fixture.integers(f"labels.{i}", LABELS[i])
        found, other = truth["found"][i], single["found"][i]
        assert torch.equal(found["labels"], other["labels"]), i
        print(len(found["scores"]), "detections", found["scores"][:3], (found["boxes"] - other["boxes"]).abs().max())
        for key in ("boxes", "scores"):
            fixture.add(f"detections.{i}.{key}", found[key])
        fixture.integers(f"detections.{i}.labels", found["labels"])
    for key in TERMS:
        fixture.double(f"loss.{key}", truth["losses"][key])
        print("loss", key, truth["losses"][key].item(), "float32", single["losses"][key].item())
    fixture.double("steps.losses", truth["history"])
    off = (single["history"] / truth["history"] - 1).abs().max(1).values
    print(truth["history"], off)
    fixture.note("steps.float32_error", off.tolist())
    fixture.note(
        "outputs.float32_error", {k: relative(single["values"][1][k], v) for k, v in outputs.items()})

    margin, name = choose_small(model(torch.float64))
    terms, values, full = gradients(name, torch.float64)
    assert assignment_margin(model(torch.float64), values[2][0], SMALL_BOXES, counts(values[0])) > 1e-3
    fixture.note("small.name", name)
    fixture.note("small.margin", margin)
    fixture.add("small.boxes", SMALL_BOXES[0])
    fixture.integers("small.labels", SMALL_LABELS[0])
    for key in TERMS:
        fixture.double(f"small.loss.{key}", terms[key])
    keys = list(full)
    at = torch.stack([torch.from_numpy(positions(n, full[n].numel(), SAMPLES)) for n in keys])
    fixture.note("gradient.names", keys)
    fixture.integers("gradient.positions", at)
    fixture.add("gradient.samples", torch.stack([full[n].reshape(-1)[a] for n, a in zip(keys, at)]))
    fixture.double("gradient.norm", torch.stack([full[n].norm() for n in keys]))
    fixture.double("gradient.sum", torch.stack([full[n].sum() for n in keys]))
    float32 = gradients(name, torch.float32)[2]
    error = {n: float((float32[n] - g).norm() / g.norm()) for n, g in full.items()}
    worst = max(error, key=error.get)
    print("float32 gradient", worst, error[worst], "least norm", min(g.norm() for g in full.values()))
    fixture.note("gradient.float32_error", error[worst])
    fixture.save("fcos.safetensors")


if __name__ == "__main__":
    main()
