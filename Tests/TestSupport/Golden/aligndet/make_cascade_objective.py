"""The whole Cascade R-CNN pre-training objective of AlignDet, in float64, as published and corrected.

Run in this folder: OMP_NUM_THREADS=1 python make_cascade_objective.py.
Formulas from Li et al., ICCV 2023 (arXiv 2307.11077), their repository at commit d29f70b (configs/selfsup/htc.py,
convfc_bbox_head.py) and mmdet 2.25.2 (anchors, assigner, proposals, refinement, loss reduction), written out here, in
make_rcnn_objective.py and in make_aligndet.py. As published, all stages see the first stage's proposals; corrected, each
sees what the one before moved. Samplers take every anchor inside the picture and every region, background too.
Made with torch 2.15.0, torchvision 0.29.2 (for roi_align and nms), numpy 2.4.6, safetensors 0.8.0.
"""

import sys

sys.path.insert(0, "..")
import make_rcnn_objective as base
import torch
import torch.nn.functional as F
from make_aligndet import contrast, encode, overlaps, pair_losses, store_gradients
from make_rcnn_objective import Margin, TooClose, decode
from torch import nn

from golden_weights import Fixture, fill, golden

base.WIDTH, base.ANCHOR_SCALE = 8, 4
HIDDEN, DIMENSION, BACKGROUND = 12, 8, 256
OVERLAPS, WEIGHTS = (0.5, 0.6, 0.7), (1.0, 0.5, 0.25)
DEVIATIONS = ((0.1, 0.1, 0.2, 0.2), (0.05, 0.05, 0.1, 0.1), (0.033, 0.033, 0.067, 0.067))
GAINS = {"rpn_head.rpn_cls": 0.8, "rpn_head.rpn_reg": 0.15}
GAINS |= {f"roi_head.bbox_head.{s}.fc_reg": 0.4 for s in range(3)}
FIRST_IDS, CANDIDATES = base.FIRST_IDS, 300


class Head(nn.Module):
    def __init__(self):
        super().__init__()
        inputs = base.WIDTH * base.BINS**2
        self.shared_fcs = nn.ModuleList([nn.Linear(inputs, HIDDEN), nn.Linear(HIDDEN, HIDDEN)])
        self.fc_cls = nn.Sequential(nn.Linear(HIDDEN, 10), nn.ReLU(), nn.Linear(10, DIMENSION))
        self.fc_reg = nn.Linear(HIDDEN, 4)

    def forward(self, regions):
        hidden = regions.flatten(1)
        for layer in self.shared_fcs:
            hidden = F.relu(layer(hidden))
        return self.fc_cls(hidden), self.fc_reg(hidden)


class Detector(nn.Module):
    def __init__(self, prefix):
        super().__init__()
        self.neck, self.rpn_head = base.Neck(), base.RPN()
        self.roi_head = nn.Module()
        self.roi_head.bbox_head = nn.ModuleList(Head() for _ in WEIGHTS)
        self.double()
        fill(self, prefix, GAINS)


def inside(boxes, size):
    return (boxes[:, 0] >= 0) & (boxes[:, 1] >= 0) & (boxes[:, 2] < size[1]) & (boxes[:, 3] < size[0])


def proposals(view, image):
    """Boxes a little larger than an anchor inside the picture; decisions clear by 1e-3."""
    size = base.SIZES[view]
    every = torch.cat(base.anchors([(-(-size[0] // s), -(-size[1] // s)) for s in base.STRIDES]))
    every = every[inside(every, size)]
    accepted, attempt = [], 0
    while len(accepted) < base.BOX_COUNTS[image]:
        draw = (golden(f"cascade.proposal.{view}.{image}.{attempt}", (6,)).astype(float) + 1) / 2
        attempt += 1
        side, ratio = (16, 32)[int(2 * draw[0])], base.RATIOS[int(3 * draw[1])]
        width, height = (side * r * (1.02 + 0.1 * d) for r, d in ((ratio**-0.5, draw[2]), (ratio**0.5, draw[3])))
        if width > size[1] - 1 or height > size[0] - 1:
            continue
        x, y = draw[4] * (size[1] - width), draw[5] * (size[0] - height)
        box = [round(10 * v) / 10 for v in (x, y, x + width, y + height)]
        try:
            base.assign(torch.tensor([*accepted, box]), every, 0.7, 0.3, 0.3, False, Margin(1e-3))
            bins = torch.tensor([[box[2] - box[0], box[3] - box[1]]]) / torch.tensor(base.STRIDES[:4])[:, None]
            Margin(1e-3).note((bins / base.BINS - (bins / base.BINS).round()).abs())
        except TooClose:
            continue
        accepted.append(box)
    return accepted


BOXES = [[proposals(view, image) for image in range(2)] for view in range(2)]


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
    top = iou.topk(2, 0).values
    margin.note((top[0] - top[1])[best > overlap - 0.1])
    return torch.where(best >= overlap, index, -1)


@torch.no_grad()
def refined(boxes, deltas, stage, size, own):
    found = decode(boxes, deltas * torch.tensor(DEVIATIONS[stage]))
    return torch.stack([found[:, i].clamp(0, (size[1], size[0])[i % 2]) for i in range(4)], 1)[own:]


def run(net, view, maps, refines, margin):
    """What one network says of its view: RPN losses, and of each stage embeddings, deltas, boxes, truths."""
    truths, size = [torch.tensor(b) for b in BOXES[view]], base.SIZES[view]
    pyramid = net.neck(maps)
    levels = base.anchors([value.shape[2:] for value in pyramid])
    every = torch.cat(levels)
    keep = torch.where(inside(every, size))[0]
    logits, deltas = net.rpn_head(pyramid)
    count, cls, reg, found = 0, 0, 0, []
    for i, truth in enumerate(truths):
        assigned = base.assign(truth, every[keep], 0.7, 0.3, 0.3, False, margin)
        positive, used = assigned >= 0, assigned > -2
        count += max(1, int(positive.sum())) + max(1, int((assigned == -1).sum()))
        cls = cls + F.binary_cross_entropy_with_logits(
            logits[i][keep][used], positive[used].double(), reduction="sum"
        )
        goal = encode(every[keep][positive], truth[assigned[positive]])
        reg = reg + F.smooth_l1_loss(deltas[i][keep][positive], goal, reduction="sum", beta=1 / 9)
        found.append(base.propose(logits[i], deltas[i], levels, size, margin))
    stages = []
    for s in range(len(WEIGHTS)):
        boxes, owners = [], []
        for truth, candidates in zip(truths, found):
            matched = match(truth, candidates, OVERLAPS[s], margin)
            owner = torch.cat([torch.arange(len(truth)), matched[matched >= 0]])
            boxes.append(torch.cat([truth, candidates[matched >= 0], candidates[matched < 0]]))
            owners.append(torch.cat([owner, torch.full((len(boxes[-1]) - len(owner),), -1)]))
        embedding, offsets = net.roi_head.bbox_head[s](base.regions(pyramid, boxes, Inexact(margin)))
        stages.append(dict(embedding=embedding, deltas=offsets, boxes=boxes, owners=owners))
        if refines:
            parts = offsets.split([len(b) for b in boxes])
            found = [refined(b, d, s, size, len(t)) for b, d, t in zip(boxes, parts, truths)]
    return dict(cls=cls / count, reg=reg / count, stages=stages)


def labels(owners, background):
    first = torch.tensor([*FIRST_IDS, background])[owners[0]]
    return torch.cat([first, torch.where(owners[1] >= 0, owners[1] + FIRST_IDS[-1] + 1, background)])


def box_loss(stage, s, background):
    """Labels from the background's on learn no boxes where that is a proposal's number; all regions count."""
    label, owner = labels(stage["owners"], background), torch.cat(stage["owners"])
    learns = (label >= 0) & (label < background) if background >= 0 else owner >= 0
    goals = []
    for boxes, own, truth in zip(stage["boxes"], stage["owners"], BOXES[0]):
        goals.append(encode(boxes, torch.tensor(truth)[own]) / torch.tensor(DEVIATIONS[s]))
    return F.smooth_l1_loss(stage["deltas"][learns], torch.cat(goals)[learns], reduction="sum") / len(label)


def both(online, target, k, refines, margin):
    result = run(online, 0, base.given(1, k), refines, margin)
    with torch.no_grad():
        return result, run(target, 1, base.given(2, k), refines, margin)


def main():
    online, target = Detector("cascade.online."), Detector("cascade.target.")
    best, chosen = 0.0, None
    for k in range(CANDIDATES):
        margin = Margin(best)
        try:
            with torch.no_grad():
                both(online, target, k, False, margin)
                both(online, target, k, True, margin)
            best, chosen = margin.value, k
            print(best, chosen, flush=True)
        except TooClose:
            continue
    fixture = Fixture()
    fixture.note("margin", best)
    for number in (1, 2):
        fixture.integers(f"view{number}.size", base.SIZES[number - 1])
        for level, value in enumerate(base.given(number, chosen), 2):
            fixture.map(f"view{number}.c{level}", value)
        for image in range(2):
            fixture.add(f"view{number}.boxes.{image}", BOXES[number - 1][image])
    for mode, refines, background in (("faithful", False, BACKGROUND), ("corrected", True, -1)):
        result, other = both(online, target, chosen, refines, Margin(0))
        terms = {"rpn_cls": result["cls"], "rpn_bbox": result["reg"]} if refines else {}
        for s, weight in enumerate(WEIGHTS):
            stage, against = result["stages"][s], other["stages"][s]
            own, theirs = labels(stage["owners"], background), labels(against["owners"], background)
            print(mode, s, len(own), "regions", sorted(set(own.tolist())), sorted(set(theirs.tolist())))
            arguments = stage["embedding"], against["embedding"], own, theirs, background
            terms[f"{mode}.s{s}.contrastive"] = weight * contrast(*arguments)
            assert abs(weight * contrast(*arguments, pair_losses) - terms[f"{mode}.s{s}.contrastive"]) < 1e-12
            terms[f"{mode}.s{s}.bbox"] = weight * box_loss(stage, s, background)
            for image in range(2):
                fixture.add(f"{mode}.s{s}.regions.{image}", stage["boxes"][image])
        for key, loss in terms.items():
            print(key, loss.item())
            fixture.double(f"{key}.loss", loss)
            store_gradients(fixture, key, online, loss)
    assert best > 1e-5
    fixture.save("cascade_objective.safetensors")


if __name__ == "__main__":
    main()
