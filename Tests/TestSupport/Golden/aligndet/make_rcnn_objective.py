"""The whole Faster R-CNN pre-training objective of AlignDet, in float64, as published and corrected.

Run in this folder: python make_rcnn_objective.py.
Formulas from Li et al., ICCV 2023 (arXiv 2307.11077), their repository at commit d29f70b (selfsup_mask_rcnn.py,
standard_roi_head.py, convfc_bbox_head.py) and mmdet 2.25.2 (anchors, assigner, proposals, loss reduction), written out
here and in make_aligndet.py. Samplers take every anchor and every matched region, so that nothing is drawn. Proposals
depend on comparisons that float32 could turn: of many inputs the one is taken that lies farthest from all of these.
Made with torch 2.15.0, torchvision 0.29.2 (for roi_align and nms), numpy 2.4.6, safetensors 0.8.0.
"""

import math
import sys

sys.path.insert(0, "..")
import torch
import torch.nn.functional as F
from make_aligndet import contrast, encode, overlaps, pair_losses, store_gradients
from torch import nn
from torchvision.ops import batched_nms, roi_align

from golden_weights import Fixture, fill, golden, tensor

torch.set_default_dtype(torch.float64)
CHANNELS, WIDTH, BINS, DIMENSION, SLOTS = (6, 8, 12, 16), 16, 3, 8, 256
STRIDES, RATIOS, ANCHOR_SCALE = (4, 8, 16, 32, 64), (0.5, 1.0, 2.0), 8
PER_LEVEL, TOTAL, OVERLAP, FINEST = 40, 14, 0.7, 20.0
SIZES = ((64, 96), (96, 64))  # height, width of the two views
GAINS = {"rpn_head.rpn_cls": 0.8, "rpn_head.rpn_reg": 0.15, "roi_head.bbox_head.fc_reg": 0.3}
BOX_COUNTS = (5, 3)
# Numbers of image 0's proposals within the batch; image 1 goes on from there. 256 is the published background.
FIRST_IDS = (252, 253, 254, 255, 256)
CANDIDATES = 300


def conv(module, inputs, outputs, kernel):
    module.add_module("conv", nn.Conv2d(inputs, outputs, kernel, 1, kernel // 2))
    return module


class Neck(nn.Module):
    def __init__(self):
        super().__init__()
        self.lateral_convs = nn.ModuleList(conv(nn.Sequential(), c, WIDTH, 1) for c in CHANNELS)
        self.fpn_convs = nn.ModuleList(conv(nn.Sequential(), WIDTH, WIDTH, 3) for _ in CHANNELS)

    def forward(self, maps):
        lateral = [layer(value) for layer, value in zip(self.lateral_convs, maps)]
        for i in (2, 1, 0):
            lateral[i] = lateral[i] + F.interpolate(lateral[i + 1], size=lateral[i].shape[2:], mode="nearest")
        pyramid = [layer(value) for layer, value in zip(self.fpn_convs, lateral)]
        return [*pyramid, F.max_pool2d(pyramid[-1], 1, 2)]


class RPN(nn.Module):
    def __init__(self):
        super().__init__()
        self.rpn_conv = nn.Conv2d(WIDTH, WIDTH, 3, 1, 1)
        self.rpn_cls = nn.Conv2d(WIDTH, len(RATIOS), 1)
        self.rpn_reg = nn.Conv2d(WIDTH, 4 * len(RATIOS), 1)

    def forward(self, pyramid):
        """Per image the logits [A] and deltas [A, 4] of all levels, rows, columns, shapes."""
        hidden = [F.relu(self.rpn_conv(value)) for value in pyramid]
        flat = [
            [torch.cat([layer(h)[i].permute(1, 2, 0).reshape(-1, n) for h in hidden]) for i in range(len(pyramid[0]))]
            for layer, n in ((self.rpn_cls, 1), (self.rpn_reg, 4))
        ]
        return [a[:, 0] for a in flat[0]], flat[1]


class Region(nn.Module):
    def __init__(self):
        super().__init__()
        self.shared_convs = nn.ModuleList(conv(nn.Sequential(), WIDTH, WIDTH, 3) for _ in range(2))
        self.shared_fcs = nn.ModuleList([nn.Linear(WIDTH * BINS * BINS, 12)])
        self.fc_cls = nn.Sequential(nn.Linear(12, 10), nn.ReLU(), nn.Linear(10, DIMENSION))
        self.fc_reg = nn.Linear(12, 4 * SLOTS)

    def forward(self, regions):
        for layer in self.shared_convs:
            regions = F.relu(layer(regions))
        hidden = F.relu(self.shared_fcs[0](regions.flatten(1)))
        return self.fc_cls(hidden), self.fc_reg(hidden)


class Detector(nn.Module):
    def __init__(self, prefix):
        super().__init__()
        self.neck, self.rpn_head = Neck(), RPN()
        self.roi_head = nn.Module()
        self.roi_head.bbox_head = Region()
        self.double()
        fill(self, prefix, GAINS)


class TooClose(Exception):
    pass


class Margin:
    """Smallest distance of any decision from a change; gives up below `least`."""

    def __init__(self, least):
        self.least, self.value = least, 1.0

    def note(self, distances):
        distances = torch.as_tensor(distances)
        if distances.numel():
            self.value = min(self.value, float(distances.detach().min()))
        if self.value < self.least:
            raise TooClose


def anchors(shapes):
    levels = []
    for (height, width), stride in zip(shapes, STRIDES):
        side = stride * ANCHOR_SCALE
        half = torch.tensor([[side / math.sqrt(r) / 2, side * math.sqrt(r) / 2] for r in RATIOS])
        y, x = torch.meshgrid(torch.arange(height) * stride, torch.arange(width) * stride, indexing="ij")
        shift = torch.stack([x, y, x, y], -1).double().reshape(-1, 1, 4)
        levels.append((shift + torch.cat([-half, half], 1)).reshape(-1, 4))
    return levels


def assign(boxes, candidates, positive, negative, least, once, margin):
    """Index of a box, -1 background, -2 neither; each box takes its best candidates, or only the first of them."""
    iou = overlaps(boxes, candidates)
    best, index = iou.max(0)
    result = torch.full((len(candidates),), -2)
    result[best < negative] = -1
    result[best >= positive] = index[best >= positive]
    for bound in (positive, negative):
        margin.note((best - bound).abs())
    if len(boxes) > 1:
        top = iou.topk(2, 0).values
        margin.note((top[0] - top[1])[best > 0.3])
    for box, row in enumerate(iou):
        margin.note((row.max() - least).abs())
        if row.max() >= least:
            # No ties: whether they are exact is up to rounding.
            margin.note(-row.topk(2).values.diff())
            if once:
                result[row.argmax()] = box
            else:
                result[row == row.max()] = box
    return result


def proposals(view, image):
    """Boxes a little larger than an anchor, so that none of its neighbours fits as well; decisions clear by 1e-3."""
    every = torch.cat(anchors([(-(-SIZES[view][0] // s), -(-SIZES[view][1] // s)) for s in STRIDES]))
    accepted, attempt = [], 0
    while len(accepted) < BOX_COUNTS[image]:
        draw = (golden(f"rcnn.proposal.{view}.{image}.{attempt}", (6,)).astype(float) + 1) / 2
        attempt += 1
        side, ratio = (32, 64)[int(2 * draw[0])], RATIOS[int(3 * draw[1])]
        grown = [1 + 0.08 * d for d in draw[2:4]]
        width, height = side / math.sqrt(ratio) * grown[0], side * math.sqrt(ratio) * grown[1]
        if width > SIZES[view][1] - 1 or height > SIZES[view][0] - 1:
            continue
        x, y = draw[4] * (SIZES[view][1] - width), draw[5] * (SIZES[view][0] - height)
        box = [round(10 * v) / 10 for v in (x, y, x + width, y + height)]
        try:
            assign(torch.tensor([*accepted, box]), every, 0.7, 0.3, 0.3, False, Margin(1e-3))
        except TooClose:
            continue
        accepted.append(box)
    return accepted


def decode(reference, deltas):
    size, centre = reference[:, 2:] - reference[:, :2], (reference[:, :2] + reference[:, 2:]) / 2
    limit = math.log(1000 / 16)
    centre = centre + deltas[:, :2] * size
    half = size * deltas[:, 2:].clamp(-limit, limit).exp() / 2
    return torch.cat([centre - half, centre + half], 1)


@torch.no_grad()
def propose(logits, deltas, levels, size, margin):
    boxes, scores, groups, start = [], [], [], 0
    for level, part in enumerate(levels):
        value, where = logits[start : start + len(part)].sort(descending=True)
        if len(value) > PER_LEVEL:
            margin.note(value[PER_LEVEL - 1] - value[PER_LEVEL])
        where = where[:PER_LEVEL]
        found = decode(part[where], deltas[start : start + len(part)][where])
        found = torch.stack([found[:, i].clamp(0, (size[1], size[0])[i % 2]) for i in range(4)], 1)
        kept = ((found[:, 2:] - found[:, :2]) > 0).all(1)
        boxes.append(found[kept])
        scores.append(value[:PER_LEVEL][kept].sigmoid())
        groups.append(torch.full((int(kept.sum()),), level))
        start += len(part)
    boxes, scores, groups = torch.cat(boxes), torch.cat(scores), torch.cat(groups)
    same = (groups[:, None] == groups[None]).triu(1)
    iou = overlaps(boxes, boxes)
    margin.note((iou[same] - OVERLAP).abs())
    rivals = same & (iou > OVERLAP - 0.05)
    margin.note((scores[:, None] - scores[None]).abs()[rivals])
    kept = batched_nms(boxes, scores, groups, OVERLAP)
    margin.note(-scores[kept][: TOTAL + 1].diff())
    return boxes[kept[:TOTAL]]


def regions(pyramid, boxes, margin):
    """Features of every image's boxes, [R, C, bins, bins]."""
    image = torch.cat([torch.full((len(b),), float(i)) for i, b in enumerate(boxes)])
    every = torch.cat(boxes)
    side = (every[:, 2:] - every[:, :2]).prod(1).sqrt()
    exact = torch.log2(side / FINEST + 1e-6)
    margin.note((exact - exact.round()).abs()[(exact > -0.5) & (exact < 3.5)])
    level = exact.floor().clamp(0, 3).long()
    result = torch.zeros(len(every), WIDTH, BINS, BINS)
    for l in range(4):
        chosen = level == l
        samples = (every[chosen][:, 2:] - every[chosen][:, :2]) / STRIDES[l] / BINS
        margin.note((samples - samples.round()).abs())
        rows = torch.cat([image[chosen, None], every[chosen]], 1)
        part = roi_align(pyramid[l], rows, BINS, 1 / STRIDES[l], 0, aligned=True)
        result = result.index_put((torch.where(chosen)[0],), part)
    return result


def stage(net, view, maps, margin):
    """What one network says of its view: RPN losses, and of the matched regions embeddings, deltas, boxes, truths."""
    boxes = [torch.tensor(b) for b in BOXES[view]]
    pyramid = net.neck(maps)
    levels = anchors([value.shape[2:] for value in pyramid])
    every = torch.cat(levels)
    logits, deltas = net.rpn_head(pyramid)
    count, cls, reg, sampled, truths = 0, 0, 0, [], []
    for i, truth in enumerate(boxes):
        assigned = assign(truth, every, 0.7, 0.3, 0.3, False, margin)
        positive, used = assigned >= 0, assigned > -2
        count += max(1, int(positive.sum())) + max(1, int((assigned == -1).sum()))
        cls = cls + F.binary_cross_entropy_with_logits(logits[i][used], positive[used].double(), reduction="sum")
        goal = encode(every[positive], truth[assigned[positive]])
        reg = reg + (deltas[i][positive] - goal).abs().sum()
        found = propose(logits[i], deltas[i], levels, SIZES[view], margin)
        matched = assign(truth, found, 0.5, 0.5, 0.5, True, margin)
        sampled.append(torch.cat([truth, found[matched >= 0]]))
        truths.append(torch.cat([torch.arange(len(truth)), matched[matched >= 0]]))
    embedding, offsets = net.roi_head.bbox_head(regions(pyramid, sampled, margin))
    return dict(cls=cls / count, reg=reg / count, embedding=embedding, deltas=offsets, boxes=sampled, truths=truths)


BOXES = [[proposals(view, image) for image in range(2)] for view in range(2)]


def labels(truths):
    first = torch.tensor(FIRST_IDS)[truths[0]]
    return torch.cat([first, truths[1] + FIRST_IDS[-1] + 1])


def box_loss(result):
    """Each proposal has four offsets of its own; those beyond the slots learn none but count."""
    label = labels(result["truths"])
    goal = torch.cat([encode(s, torch.tensor(b)[t]) for s, b, t in zip(result["boxes"], BOXES[0], result["truths"])])
    goal = goal / torch.tensor([0.1, 0.1, 0.2, 0.2])
    own = torch.where(label < SLOTS)[0]
    rows = result["deltas"].reshape(-1, SLOTS, 4)[own, label[own]]
    return (rows - goal[own]).abs().sum() / len(label)


def given(number, k):
    return [
        tensor(f"rcnn{k}.view{number}.c{level}", (2, c, SIZES[number - 1][0] // s, SIZES[number - 1][1] // s))
        for level, c, s in zip((2, 3, 4, 5), CHANNELS, STRIDES)
    ]


def main():
    online, target = Detector("rcnn.online."), Detector("rcnn.target.")
    best, chosen = 0.0, None
    for k in range(CANDIDATES):
        margin = Margin(best)
        try:
            with torch.no_grad():
                stage(online, 0, given(1, k), margin)
                stage(target, 1, given(2, k), margin)
            best, chosen = margin.value, k
            print(best, chosen)
        except TooClose:
            continue
    assert best > 1e-5
    fixture = Fixture()
    fixture.note("margin", best)
    for number in (1, 2):
        fixture.integers(f"view{number}.size", SIZES[number - 1])
        for level, value in enumerate(given(number, chosen), 2):
            fixture.map(f"view{number}.c{level}", value)
        for image in range(2):
            fixture.add(f"view{number}.boxes.{image}", BOXES[number - 1][image])
    result = stage(online, 0, given(1, chosen), Margin(0))
    with torch.no_grad():
        other = stage(target, 1, given(2, chosen), Margin(0))
    own, theirs = labels(result["truths"]), labels(other["truths"])
    print("regions", len(own), len(theirs), own.tolist(), theirs.tolist())
    terms = {"rpn_cls": result["cls"], "rpn_bbox": result["reg"], "bbox": box_loss(result)}
    for mode, background in (("faithful", SLOTS), ("corrected", -1)):
        arguments = result["embedding"], other["embedding"], own, theirs, background
        terms[mode] = contrast(*arguments)
        assert abs(contrast(*arguments, pair_losses) - terms[mode]) < 1e-12
    for image in range(2):
        for number, found in ((1, result), (2, other)):
            fixture.add(f"view{number}.regions.{image}", found["boxes"][image])
    for key, loss in terms.items():
        print(key, loss.item())
        fixture.double(f"{key}.loss", loss)
        store_gradients(fixture, key, online, loss)
    fixture.save("rcnn_objective.safetensors")


if __name__ == "__main__":
    main()
