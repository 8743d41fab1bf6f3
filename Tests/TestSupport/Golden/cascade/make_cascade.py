"""Cascade R-CNN with masks, in float64: outputs, losses, every gradient, ten steps, detections.

Run in this folder: OMP_NUM_THREADS=1 python make_cascade.py.
Formulas of mmdet 2.25.2 (CascadeRoIHead, BBoxHead.refine_bboxes, FCNMaskHead, MaxIoUAssigner, anchor_inside_flags, loss
reduction), written out here and in ../aligndet/make_rcnn_objective.py, on torchvision's ResNet-18 with frozen batch norm.
Samplers take every anchor and every region, so that nothing is drawn. Proposals and refined regions depend on comparisons
that float32 could turn, gradients on the signs of ReLU inputs: of many inputs the one is taken that lies farthest from all.
Made with torch 2.15.0, torchvision 0.29.2, numpy 2.4.6, safetensors 0.8.0.
"""

import copy
import sys

sys.path[:0] = ["..", "../aligndet"]
import make_rcnn_objective as base
import numpy
import torch
import torch.nn.functional as F
from make_aligndet import encode, overlaps
from make_rcnn_objective import Margin, TooClose, conv, decode
from torch import nn
from torchvision.models.resnet import resnet18
from torchvision.ops import FrozenBatchNorm2d, batched_nms, roi_align

from golden_weights import Fixture, fill, positions, put, tensor

base.CHANNELS, base.WIDTH, base.ANCHOR_SCALE = (64, 128, 256, 512), 16, 4
CLASSES, BINS, MASK_BINS, HIDDEN = 5, 3, 4, 24
OVERLAPS, WEIGHTS = (0.5, 0.6, 0.7), (1.0, 0.5, 0.25)
DEVIATIONS = ((0.1, 0.1, 0.2, 0.2), (0.05, 0.05, 0.1, 0.1), (0.033, 0.033, 0.067, 0.067))
GAINS = {f"neck.{kind}_convs.{i}.conv": 0.3 for kind in ("lateral", "fpn") for i in range(4)}
GAINS |= {"rpn_head.rpn_cls": 0.8, "rpn_head.rpn_reg": 0.15}
GAINS |= {f"roi_head.bbox_head.{s}.fc_cls": 1.6 for s in range(3)}
GAINS |= {f"roi_head.bbox_head.{s}.fc_reg": 0.4 for s in range(3)}
GAINS |= {f"roi_head.mask_head.{s}.conv_logits": 0.5 for s in range(3)}
IMAGES, SMALL = (2, 3, 64, 96), (1, 3, 64, 64)
BOXES = [[[6, 10, 41, 38.5], [45, 4.5, 92, 59], [60.5, 30, 81, 50]], [[5, 24, 44, 61], [20, 5, 88.5, 52]]]
LABELS = [[2, 0, 4], [0, 3]]
SMALL_BOXES, SMALL_LABELS = [[[6, 10, 41, 38.5], [24.5, 5.5, 58, 38.8]]], [[2, 4]]
RATE, SAMPLES, CANDIDATES, SMALL_CANDIDATES = 2e-5, 16, 3, 400


class BoxHead(nn.Module):
    def __init__(self):
        super().__init__()
        self.shared_fcs = nn.ModuleList([nn.Linear(base.WIDTH * BINS * BINS, HIDDEN), nn.Linear(HIDDEN, HIDDEN)])
        self.fc_cls = nn.Linear(HIDDEN, CLASSES + 1)
        self.fc_reg = nn.Linear(HIDDEN, 4)

    def forward(self, regions):
        hidden = regions.flatten(1)
        for layer in self.shared_fcs:
            hidden = F.relu(layer(hidden))
        return self.fc_cls(hidden), self.fc_reg(hidden)


class MaskHead(nn.Module):
    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleList([conv(nn.Sequential(), base.WIDTH, base.WIDTH, 3)])
        self.upsample = nn.ConvTranspose2d(base.WIDTH, base.WIDTH, 2, 2)
        self.conv_logits = nn.Conv2d(base.WIDTH, CLASSES, 1)

    def forward(self, regions):
        return self.conv_logits(F.relu(self.upsample(F.relu(self.convs[0](regions)))))


class Cascade(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = resnet18(weights=None, norm_layer=FrozenBatchNorm2d)
        self.neck, self.rpn_head = base.Neck(), base.RPN()
        self.roi_head = nn.Module()
        self.roi_head.bbox_head = nn.ModuleList(BoxHead() for _ in WEIGHTS)
        self.roi_head.mask_head = nn.ModuleList(MaskHead() for _ in WEIGHTS)
        del self.backbone.fc
        self.double()
        fill(self, "cascade.", GAINS, last_norms=("bn2",))
        with torch.no_grad():
            for s, head in enumerate(self.roi_head.mask_head):
                name = f"cascade.roi_head.mask_head.{s}.upsample"
                # A transposed convolution: every output pixel reads all inputs once.
                put(head.upsample.weight, name + ".weight", (3.0 * 2.0 / base.WIDTH) ** 0.5)
                put(head.upsample.bias, name + ".bias", 0.05)

    def pyramid(self, image):
        body = self.backbone
        x, maps = body.maxpool(F.relu(body.bn1(body.conv1(image)))), []
        for stage in (body.layer1, body.layer2, body.layer3, body.layer4):
            x = stage(x)
            maps.append(x)
        return self.neck(maps)


NETWORK = Cascade()


class Watched(Margin):
    """Notes distances from zero of ReLU inputs and between rivals of pooling windows, too."""

    def __enter__(self):
        self.saved = F.relu, F.max_pool2d
        F.relu = self.relu
        F.max_pool2d = self.pool
        return self

    def __exit__(self, *_):
        F.relu, F.max_pool2d = self.saved

    def relu(self, x, inplace=False):
        self.note((x.abs() / x.pow(2).mean().sqrt()).flatten())
        return self.saved[0](x)

    def pool(self, x, kernel, *arguments, **names):
        if kernel != 1:
            windows = F.unfold(F.pad(x, (1, 1, 1, 1)), 3, stride=2).unflatten(1, (x.shape[1], 9))
            best = windows.topk(2, 2).values
            gap = (best[:, :, 0] - best[:, :, 1])[best[:, :, 0] > 0]
            self.note(gap / x.pow(2).mean().sqrt())
        return self.saved[1](x, kernel, *arguments, **names)


def cut(pyramid, boxes, bins, margin):
    base.BINS = bins
    return base.regions(pyramid, boxes, Inexact(margin))


class Inexact:
    """Leaves out distances of zero: sides of clipped boxes are exact in float32, too."""

    def __init__(self, margin):
        self.margin = margin

    def note(self, distances):
        self.margin.note(distances[distances > 0])


def match(truth, found, overlap, margin):
    iou = overlaps(truth, found)
    best, index = iou.max(0)
    margin.note((best - overlap).abs())
    if len(truth) > 1:
        top = iou.topk(2, 0).values
        margin.note((top[0] - top[1])[best > overlap - 0.1])
    return torch.where(best >= overlap, index, -1)


def clip(boxes, size):
    return torch.stack([boxes[:, i].clamp(0, (size[1], size[0])[i % 2]) for i in range(4)], 1)


@torch.no_grad()
def moved(boxes, deltas, stage, size):
    return clip(decode(boxes, deltas * torch.tensor(DEVIATIONS[stage])), size)


def inside(every, size):
    return (every[:, 0] >= 0) & (every[:, 1] >= 0) & (every[:, 2] < size[1]) & (every[:, 3] < size[0])


def first_stage(net, pyramid, truths, size, margin):
    levels = base.anchors([value.shape[2:] for value in pyramid])
    every = torch.cat(levels)
    keep = torch.where(inside(every, size))[0]
    logits, deltas = net.rpn_head(pyramid)
    count, cls, reg, proposals = 0, 0, 0, []
    for i, truth in enumerate(truths):
        proposals.append(base.propose(logits[i], deltas[i], levels, size, margin))
        assigned = base.assign(truth, every[keep], 0.7, 0.3, 0.3, False, margin)
        positive, used = assigned >= 0, assigned > -2
        count += max(1, int(positive.sum())) + max(1, int((assigned == -1).sum()))
        cls = cls + F.binary_cross_entropy_with_logits(
            logits[i][keep][used], positive[used].double(), reduction="sum"
        )
        goal = encode(every[keep][positive], truth[assigned[positive]])
        reg = reg + F.smooth_l1_loss(deltas[i][keep][positive], goal, reduction="sum", beta=1 / 9)
    return proposals, {"loss_rpn_cls": cls / count, "loss_rpn_bbox": reg / count}


def ellipse(box, size):
    y, x = numpy.mgrid[0 : size[0], 0 : size[1]] + 0.5
    cx, cy, rx, ry = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2, (box[2] - box[0]) / 2, (box[3] - box[1]) / 2
    return torch.from_numpy((((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1).astype(float))


def mask_loss(head, pyramid, boxes, owners, truths, labels, size, margin):
    logits = head(cut(pyramid, boxes, MASK_BINS, margin))
    goals = []
    for found, own, truth in zip(boxes, owners, truths):
        maps = torch.stack([ellipse(b.tolist(), size) for b in truth])[own][:, None]
        rows = torch.cat([torch.arange(len(own))[:, None].double(), found], 1)
        share = roi_align(maps, rows, 2 * MASK_BINS, 1, 0, aligned=True)[:, 0]
        samples = (found[:, 2:] - found[:, :2]) / (2 * MASK_BINS)
        Inexact(margin).note((samples - samples.round()).abs())
        margin.note((share - 0.5).abs()[(share > 0) & (share < 1)])
        goals.append((share >= 0.5).double())
    rows = torch.arange(len(logits))
    return F.binary_cross_entropy_with_logits(logits[rows, torch.cat(labels)], torch.cat(goals))


def train(net, name, shape, corners, classes, margin):
    size, image = shape[2:], tensor(name, shape, 2.0)
    truths = [torch.tensor(b, dtype=torch.float64) for b in corners]
    pyramid = net.pyramid(image)
    proposals, losses = first_stage(net, pyramid, truths, size, margin)
    result = dict(pyramid=pyramid, stages=[proposals])
    for s, weight in enumerate(WEIGHTS):
        boxes, owners, labels, goals, counts = [], [], [], [], []
        for truth, label, found in zip(truths, classes, proposals):
            matched = match(truth, found, OVERLAPS[s], margin)
            positive = torch.cat([truth, found[matched >= 0]])
            owner = torch.cat([torch.arange(len(truth)), matched[matched >= 0]])
            owners.append(owner)
            boxes.append(torch.cat([positive, found[matched < 0]]))
            background = torch.full((int((matched < 0).sum()),), CLASSES)
            labels.append(torch.cat([torch.tensor(label)[owner], background]))
            goals.append(encode(positive, truth[owner]) / torch.tensor(DEVIATIONS[s]))
            counts.append(len(owner))
        logits, deltas = net.roi_head.bbox_head[s](cut(pyramid, boxes, BINS, margin))
        every, flat = deltas.split([len(b) for b in boxes]), torch.cat(labels)
        own = torch.cat([d[:n] for d, n in zip(every, counts)])
        losses[f"s{s}.loss_cls"] = weight * F.cross_entropy(logits, flat)
        losses[f"s{s}.loss_bbox"] = weight * F.smooth_l1_loss(own, torch.cat(goals), reduction="sum") / len(flat)
        objects = [b[:n] for b, n in zip(boxes, counts)]
        losses[f"s{s}.loss_mask"] = weight * mask_loss(
            net.roi_head.mask_head[s], pyramid, objects, owners, truths,
            [l[:n] for l, n in zip(labels, counts)], size, margin,
        )
        if s + 1 < len(WEIGHTS):
            proposals = [
                moved(b, d, s, size)[len(truth) :] for b, d, truth in zip(boxes, every, truths)
            ]
            result["stages"].append(proposals)
    return result | dict(losses=losses)


@torch.no_grad()
def detect(net, name, margin):
    size = IMAGES[2:]
    pyramid = net.pyramid(tensor(name, IMAGES, 2.0))
    levels = base.anchors([value.shape[2:] for value in pyramid])
    logits, deltas = net.rpn_head(pyramid)
    regions = [base.propose(logits[i], deltas[i], levels, size, margin) for i in range(IMAGES[0])]
    total = 0
    for s, head in enumerate(net.roi_head.bbox_head):
        logits, deltas = head(cut(pyramid, regions, BINS, margin))
        total = total + logits / len(WEIGHTS)
        split = deltas.split([len(b) for b in regions])
        found = [moved(b, d, s, size) for b, d in zip(regions, split)]
        last, regions = regions, found
    probabilities = total.softmax(1).split([len(b) for b in regions])
    result = []
    for boxes, scores in zip(regions, probabilities):
        margin.note((scores[:, :-1] - 0.05).abs())
        row, label = torch.where(scores[:, :-1] > 0.05)
        chosen, score = boxes[row], scores[row, label]
        iou, same = overlaps(chosen, chosen), (label[:, None] == label[None]).triu(1)
        margin.note((iou[same] - 0.5).abs())
        margin.note((score[:, None] - score[None]).abs()[same & (iou > 0.45)])
        kept = batched_nms(chosen, score, label, 0.5)[:100]
        margin.note(-score[kept].diff())
        result.append(dict(boxes=chosen[kept], scores=score[kept], labels=label[kept]))
    maps = cut(pyramid, [r["boxes"] for r in result], MASK_BINS, margin)
    masks = sum(head(maps).sigmoid() for head in net.roi_head.mask_head) / len(WEIGHTS)
    every = torch.cat([r["labels"] for r in result])
    chosen = masks[torch.arange(len(every)), every].split([len(r["boxes"]) for r in result])
    for found, mask in zip(result, chosen):
        found["masks"] = mask
    return dict(logits=total, deltas=deltas, regions=last, found=result)


def ten_steps(net, name, margin):
    rule = torch.optim.SGD(net.parameters(), lr=RATE, momentum=0.9, weight_decay=1e-4)
    history = []
    for _ in range(10):
        losses = train(net, name, IMAGES, BOXES, LABELS, margin)["losses"]
        history.append([losses[key].item() for key in losses])
        rule.zero_grad()
        sum(losses.values()).backward()
        rule.step()
    return history


def choose(count, run):
    """The input whose decisions keep the largest distance."""
    best, chosen = 0.0, None
    for k in range(count):
        try:
            value = run(k, best)
        except TooClose:
            continue
        best, chosen = value, k
        print(best, chosen, flush=True)
    return best, chosen


def first_input(k, best):
    margin = Margin(best)
    with torch.no_grad():
        train(NETWORK, f"cascade.{k}", IMAGES, BOXES, LABELS, margin)
        detect(NETWORK, f"cascade.{k}", margin)
    ten_steps(copy.deepcopy(NETWORK), f"cascade.{k}", margin)
    return margin.value


def small_input(k, best):
    with torch.no_grad(), Watched(best) as margin:
        train(NETWORK, f"cascade.small.{k}", SMALL, SMALL_BOXES, SMALL_LABELS, margin)
        return margin.value


def store_gradients(fixture, name):
    losses = train(NETWORK, name, SMALL, SMALL_BOXES, SMALL_LABELS, Margin(0))["losses"]
    for key, value in losses.items():
        fixture.double(f"small.{key}", value)
    sum(losses.values()).backward()
    full = {key: p.grad for key, p in NETWORK.named_parameters()}
    at = torch.stack([torch.from_numpy(positions(n, full[n].numel(), SAMPLES)) for n in full])
    fixture.note("gradient.names", list(full))
    fixture.integers("gradient.positions", at)
    fixture.add("gradient.samples", torch.stack([full[n].reshape(-1)[a] for n, a in zip(full, at)]))
    fixture.double("gradient.norm", torch.stack([full[n].norm() for n in full]))
    fixture.double("gradient.sum", torch.stack([full[n].sum() for n in full]))


def main():
    fixture = Fixture()
    margin, k = choose(CANDIDATES, first_input)
    name = f"cascade.{k}"
    fixture.note("input.name", name)
    fixture.note("margin", margin)
    with torch.no_grad():
        result = train(NETWORK, name, IMAGES, BOXES, LABELS, Margin(0))
    for level, value in enumerate(result["pyramid"], 2):
        fixture.digest(f"p{level}", value.permute(0, 2, 3, 1))
    for s, stage in enumerate(result["stages"]):
        for i, boxes in enumerate(stage):
            print("stage", s, "image", i, len(boxes), "regions")
            fixture.add(f"stage{s}.regions.{i}", boxes)
    fixture.note("loss.names", list(result["losses"]))
    for key, value in result["losses"].items():
        print(key, value.item())
        fixture.double(key, value)
    for i in range(IMAGES[0]):
        fixture.add(f"boxes.{i}", BOXES[i])
        fixture.integers(f"labels.{i}", LABELS[i])
    judged = detect(NETWORK, name, Margin(0))
    fixture.add("judged.logits", judged["logits"])
    fixture.add("judged.deltas", judged["deltas"])
    fixture.add("judged.regions", torch.cat(judged["regions"]))
    for i, found in enumerate(judged["found"]):
        print("image", i, len(found["boxes"]), "detections", found["scores"][:3])
        fixture.add(f"detections.{i}.boxes", found["boxes"])
        fixture.add(f"detections.{i}.scores", found["scores"])
        fixture.integers(f"detections.{i}.labels", found["labels"])
        fixture.add(f"detections.{i}.masks", found["masks"])
    fixture.double("steps.losses", ten_steps(copy.deepcopy(NETWORK), name, Margin(0)))
    margin, k = choose(SMALL_CANDIDATES, small_input)
    fixture.note("small.name", f"cascade.small.{k}")
    fixture.note("small.margin", margin)
    fixture.add("small.boxes", SMALL_BOXES[0])
    fixture.integers("small.labels", SMALL_LABELS[0])
    store_gradients(fixture, f"cascade.small.{k}")
    fixture.save("cascade.safetensors")


if __name__ == "__main__":
    main()
