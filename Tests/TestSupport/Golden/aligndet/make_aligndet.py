"""The contrastive loss and the whole RetinaNet pre-training objective of AlignDet, in float64.

Run in this folder: python make_aligndet.py.
Formulas from Li et al., ICCV 2023 (arXiv 2307.11077), their repository at commit d29f70b
(contrastive_loss.py, retina_head.py) and mmdet 2.25.2 (anchors, assigner, box coder, loss reduction), written
out here.
Made with torch 2.15.0, numpy 2.4.6, safetensors 0.8.0.
"""

import math
import sys

sys.path.insert(0, "..")
import numpy
import torch
import torch.nn.functional as F
from torch import nn

from golden_weights import Fixture, fill, golden, tensor

torch.set_default_dtype(torch.float64)
TEMPERATURE = 0.5


# Contrastive loss


def pair_losses(queries, keys, negatives):
    """Cross entropy of every (key, query) pair against the negatives, one softmax row per pair: [n * m]."""
    queries, keys = F.normalize(queries), F.normalize(keys)
    negatives = F.normalize(negatives.detach())
    logits = []
    for key in keys:
        positive = queries @ key / TEMPERATURE
        logits.append(torch.cat([positive[:, None], queries @ negatives.T / TEMPERATURE], 1))
    logits = torch.cat(logits)
    return F.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.long), reduction="none")


def shared_pair_losses(queries, keys, negatives):
    """The same numbers, with the sum over the negatives evaluated once per query."""
    queries, keys = F.normalize(queries), F.normalize(keys)
    similarity = queries @ keys.T / TEMPERATURE
    if len(negatives) == 0:
        return (similarity - similarity).reshape(-1)
    against = torch.logsumexp(queries @ F.normalize(negatives.detach()).T / TEMPERATURE, 1)
    return (torch.logaddexp(similarity, against[:, None]) - similarity).T.reshape(-1)


def contrast(queries, keys, query_labels, key_labels, background, pairs=shared_pair_losses):
    """Mean over the proposals of the mean over their pairs. Rows are the sampled ones only."""
    total, count = queries.sum() * 0, 0
    for label in torch.unique(query_labels).tolist():
        if label == background:
            continue
        own, theirs = query_labels == label, key_labels == label
        query = queries[own]
        key = keys[theirs] if theirs.any() else query
        negatives = torch.cat([queries[~own], keys[~theirs]])
        total, count = total + pairs(query, key, negatives).mean(), count + 1
    return total / max(count, 1)


def contrastive():
    fixture = Fixture()
    vector = [torch.tensor(rows) for rows in ([[1.0, 0], [0, 1]], [[1.0, 1]], [[-1.0, 0], [0, 2]])]
    losses = pair_losses(*vector)
    assert abs(losses[0] - 0.2437450802) < 1e-10 and abs(losses[1] - 1.1116995831) < 1e-10
    assert abs(losses.mean() - 0.6777223317) < 1e-10
    for key, value in zip(("queries", "keys", "negatives"), vector):
        fixture.add(f"vector.{key}", value)
    fixture.double("vector.pairs", losses)
    fixture.double("vector.loss", losses.mean())

    bg = -1
    # Two images: labels 0...2 belong to the first, 3...5 to the second.
    ordinary = ([0, 0, 0, 1, 2, 2, 3, 3, 3, 3, 4, 5, 5, 5], [0, 0, 1, 1, 1, 2, 3, 3, 4, 4, 5, 5, 5])
    cases = {
        "normal": (*ordinary, bg),
        "fallback": ([0, 0, 0, 1, 2, 2, 3, 3, 4, 5], [0, 0, 1, 3, 3, 3, 4, 5, 5, 7], bg),
        "background": ([0, bg, 0, 1, bg, bg, 2, 2, 3, bg, 3], [bg, 0, 1, 1, bg, 2, 3, bg, bg, 3, bg, bg], bg),
        "no_positives": ([bg] * 4, [bg, 0, bg], bg),
        "only_one_label": ([0, 0, 0], [0, 0], bg),
        # Proposals 254 ... 258 with background rows. As published, proposal 256 is taken for background.
        "collision_faithful": (
            [254, 255, 256, 256, 257, 258, 258, 256, 256],
            [254, 254, 255, 256, 256, 257, 258, 256, 256],
            256,
        ),
        "collision_corrected": (
            [254, 255, 256, 256, 257, 258, 258, bg, bg],
            [254, 254, 255, 256, 256, 257, 258, bg, bg],
            bg,
        ),
    }
    for case, (query_labels, key_labels, background) in cases.items():
        source = "collision" if case.startswith("collision") else case
        arrays = {}
        for side, labels in (("queries", query_labels), ("keys", key_labels)):
            arrays[side] = tensor(f"{source}.{side}", (len(labels), 8), 1.5).requires_grad_()
        labels = torch.tensor(query_labels), torch.tensor(key_labels)
        loss = contrast(arrays["queries"], arrays["keys"], *labels, background, pair_losses)
        gradients = torch.autograd.grad(loss, list(arrays.values()), allow_unused=True)
        gradients = [torch.zeros_like(a) if g is None else g for a, g in zip(arrays.values(), gradients)]
        shared = contrast(arrays["queries"], arrays["keys"], *labels, background)
        assert abs(shared - loss) < 1e-12
        for (key, value), side, gradient in zip(arrays.items(), labels, gradients):
            fixture.add(f"{case}.{key}", value)
            fixture.add(f"{case}.grad_{key}", gradient)
            fixture.integers(f"{case}.{'query' if key == 'queries' else 'key'}_labels", side)
        fixture.double(f"{case}.loss", loss)
        fixture.note(case, {"background": background, "temperature": TEMPERATURE})
        print(case, loss.item(), [g.norm().item() for g in gradients])
    fixture.save("contrastive.safetensors")


# Anchors, assignment, box targets


STRIDES = (8, 16, 32, 64, 128)
ANCHORS = 9


def level_anchors(height, width, stride):
    """[height * width * 9, 4]: rows, columns, ratios (height / width) 0.5 1 2, scales 4 * 2^(0, 1/3, 2/3)."""
    base = []
    for ratio in (0.5, 1.0, 2.0):
        for octave in range(3):
            scale = 4 * 2 ** (octave / 3)
            half_w = stride * scale / math.sqrt(ratio) / 2
            half_h = stride * scale * math.sqrt(ratio) / 2
            base.append([-half_w, -half_h, half_w, half_h])
    y, x = torch.meshgrid(torch.arange(height) * stride, torch.arange(width) * stride, indexing="ij")
    shift = torch.stack([x, y, x, y], -1).double().reshape(-1, 1, 4)
    return (shift + torch.tensor(base)).reshape(-1, 4)


def valid_anchors(height, width, stride, pad_shape):
    """Anchors of the cells that lie inside the image's own padded shape."""
    rows, columns = (min(math.ceil(p / stride), n) for p, n in zip(pad_shape, (height, width)))
    inside = torch.zeros(height, width, ANCHORS, dtype=torch.bool)
    inside[:rows, :columns] = True
    return inside.reshape(-1)


def overlaps(boxes, anchors):
    low = torch.maximum(boxes[:, None, :2], anchors[None, :, :2])
    high = torch.minimum(boxes[:, None, 2:], anchors[None, :, 2:])
    inter = (high - low).clamp(min=0).prod(2)
    area = [(b[:, 2:] - b[:, :2]).prod(1) for b in (boxes, anchors)]
    return inter / (area[0][:, None] + area[1][None] - inter)


BACKGROUND, IGNORED = -1, -2


def assign(boxes, anchors, valid):
    """Index of a box, BACKGROUND below IoU 0.4, IGNORED between or outside; each box takes its best anchors.

    A later box overwrites an earlier one on a shared best anchor.
    """
    result = torch.full((len(anchors),), IGNORED)
    iou = overlaps(boxes, anchors)[:, valid]
    best, index = iou.max(0)
    inside = torch.full((len(best),), IGNORED)
    inside[best < 0.4] = BACKGROUND
    inside[best >= 0.5] = index[best >= 0.5]
    for box, row in enumerate(iou):
        inside[row == row.max()] = box
    result[valid] = inside
    return result


def decision_margin(boxes, anchors, valid):
    """Smallest distance of an IoU from a decision: threshold, best box of an anchor, best anchor of a box."""
    iou = overlaps(boxes, anchors)[:, valid]
    best = iou.max(0).values
    margin = min((best - 0.4).abs().min(), (best - 0.5).abs().min())
    if len(boxes) > 1:
        top = iou.topk(2, 0).values
        margin = min(margin, (top[0] - top[1])[best > 0.3].min())
    top = iou.topk(2, 1).values
    return float(min(margin, (top[:, 0] - top[:, 1]).min()))


def encode(anchors, boxes):
    """Centre-size deltas, means 0, standard deviations 1."""
    size, goal = anchors[:, 2:] - anchors[:, :2], boxes[:, 2:] - boxes[:, :2]
    centre, aim = (anchors[:, :2] + anchors[:, 2:]) / 2, (boxes[:, :2] + boxes[:, 2:]) / 2
    return torch.cat([(aim - centre) / size, torch.log(goal / size)], 1)


# The network


class Neck(nn.Module):
    """Pyramid P3 to P7 from C3 to C5; P6 from C5, P7 from P6, no activation."""

    def __init__(self, channels, width):
        super().__init__()
        self.lateral_convs = nn.ModuleList(nn.Sequential() for _ in channels)
        self.fpn_convs = nn.ModuleList(nn.Sequential() for _ in STRIDES)
        for module, count in zip(self.lateral_convs, channels):
            module.add_module("conv", nn.Conv2d(count, width, 1))
        for index, module in enumerate(self.fpn_convs):
            extra = index >= len(channels)
            count = channels[-1] if index == len(channels) else width
            module.add_module("conv", nn.Conv2d(count, width, 3, 2 if extra else 1, 1))

    def forward(self, maps):
        maps = list(maps)
        lateral = [conv(value) for conv, value in zip(self.lateral_convs, maps)]
        for i in (1, 0):
            lateral[i] = lateral[i] + F.interpolate(lateral[i + 1], size=lateral[i].shape[2:], mode="nearest")
        pyramid = [conv(value) for conv, value in zip(self.fpn_convs, lateral)]
        pyramid.append(self.fpn_convs[3](maps[-1]))
        pyramid.append(self.fpn_convs[4](pyramid[-1]))
        return pyramid


class Head(nn.Module):
    """Two towers of 3x3 convolutions with ReLU; a projection per anchor and box deltas per anchor."""

    def __init__(self, width, depth, hidden, dimension):
        super().__init__()
        self.cls_convs = nn.ModuleList(nn.Sequential() for _ in range(depth))
        self.reg_convs = nn.ModuleList(nn.Sequential() for _ in range(depth))
        for module in (*self.cls_convs, *self.reg_convs):
            module.add_module("conv", nn.Conv2d(width, width, 3, 1, 1))
        self.retina_cls = nn.Sequential(
            nn.Conv2d(width, hidden, 1), nn.ReLU(), nn.Conv2d(hidden, ANCHORS * dimension, 1)
        )
        self.retina_reg = nn.Conv2d(width, ANCHORS * 4, 3, 1, 1)

    def forward(self, pyramid):
        projections, deltas = [], []
        for value in pyramid:
            a = b = value
            for left, right in zip(self.cls_convs, self.reg_convs):
                a, b = F.relu(left(a)), F.relu(right(b))
            projections.append(self.retina_cls(a))
            deltas.append(self.retina_reg(b))
        return projections, deltas


class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        self.neck = Neck((8, 12, 16), 16)
        self.bbox_head = Head(16, 2, 16, DIMENSION)

    def forward(self, maps):
        pyramid = self.neck(maps)
        return pyramid, *self.bbox_head(pyramid)


DIMENSION = 8
CHANNELS = (8, 12, 16)
GAINS = {"bbox_head.retina_reg": 0.5}


# The objective


class View:
    """A batch of two images of one view: maps, boxes and what follows from them."""

    def __init__(self, name, size, pad_shapes, boxes):
        self.name, self.size, self.pad_shapes = name, size, pad_shapes
        shapes = [(-(-size[0] // s), -(-size[1] // s)) for s in STRIDES]
        self.maps = [
            tensor(f"{name}.c{level}", (2, channels, *shape))
            for level, channels, shape in zip((3, 4, 5), CHANNELS, shapes)
        ]
        self.boxes = [torch.tensor(b) for b in boxes]
        self.anchors = torch.cat([level_anchors(*shape, s) for shape, s in zip(shapes, STRIDES)])
        self.counts = [ANCHORS * h * w for h, w in shapes]
        self.valid = [
            torch.cat([valid_anchors(*shape, s, pad) for shape, s in zip(shapes, STRIDES)])
            for pad in pad_shapes
        ]
        self.margin = min(decision_margin(b, self.anchors, v) for b, v in zip(self.boxes, self.valid))
        self.assigned = [assign(b, self.anchors, v) for b, v in zip(self.boxes, self.valid)]

    def labels(self, negatives, faithful):
        """Label of every feature row and whether it is sampled, in the order the loss reads them.

        Features are ordered level, image, row, column, anchor. The published code orders the labels image,
        level, row, column, anchor.
        """
        labels, sampled, offset = [], [], 0
        for assigned, boxes in zip(self.assigned, self.boxes):
            positive = assigned >= 0
            labels.append(torch.where(positive, assigned + offset, BACKGROUND))
            sampled.append(positive | (assigned == BACKGROUND) if negatives else positive)
            offset += len(boxes)
        if faithful:
            return torch.cat(labels), torch.cat(sampled)
        return tuple(
            torch.cat(
                [part for level in zip(*(image.split(self.counts) for image in rows)) for part in level]
            )
            for rows in (labels, sampled)
        )


def rows(values, width):
    """Feature rows of all levels, ordered level, image, row, column, anchor."""
    return torch.cat([value.permute(0, 2, 3, 1).reshape(-1, width) for value in values])


def box_losses(view, deltas):
    """L1 per level over the positives, divided by their number in all images."""
    positives = sum(max(1, int((a >= 0).sum())) for a in view.assigned)
    targets, weights = [], []
    for assigned, boxes in zip(view.assigned, view.boxes):
        positive = assigned >= 0
        target = torch.zeros_like(view.anchors)
        target[positive] = encode(view.anchors[positive], boxes[assigned[positive]])
        targets.append(target.split(view.counts))
        weights.append(positive[:, None].double().split(view.counts))
    result = []
    for level, value in enumerate(deltas):
        value = value.permute(0, 2, 3, 1).reshape(2, -1, 4)
        for image in range(2):
            part = ((value[image] - targets[image][level]).abs() * weights[image][level]).sum()
            result.append(part / (positives + torch.finfo(torch.float32).eps))
    return torch.stack(result).reshape(len(deltas), 2).sum(1), positives


# Proposals are drawn until every decision of the assignment in both views is clear by this margin.
MARGIN = 1e-4


def proposals(image, count, bound, transform, views):
    """`count` boxes at quarter pixels inside `bound`, as pairs (view 1, view 2).

    The second box of the first image has no anchor of IoU 0.5 in one of the views: low-quality matches only.
    The fourth box of an image is as large as the image, for the sake of the coarser levels.
    """
    accepted, attempt = [], 0
    while len(accepted) < count:
        draw = (golden(f"proposal.{image}.{attempt}", (4,)).astype(numpy.float64) + 1) / 2
        attempt += 1
        smallest, spread = (0.78, 0.2) if len(accepted) == 3 else (0.12, 0.6)
        side = [(smallest + spread * d) * n for d, n in zip(draw[2:], bound)]
        start = [d * (n - s) for d, n, s in zip(draw[:2], bound, side)]
        box = [round(4 * v) / 4 for v in (*start, start[0] + side[0], start[1] + side[1])]
        pair = box, transform(box)
        if image == 0 and len(accepted) == 1:
            best = [overlaps(torch.tensor([p]), v[0][v[1]]).max() for p, v in zip(pair, views)]
            if min(best) > 0.49:
                continue
        boxes = [[*(a[v] for a in accepted), pair[v]] for v in range(2)]
        if all(decision_margin(torch.tensor(boxes[v]), *views[v]) > MARGIN for v in range(2)):
            accepted.append(pair)
    return accepted


def make_views():
    sizes = ((128, 160), (96, 192))  # height, width
    pads = (((128, 160), (96, 160)), ((96, 192), (96, 192)))

    def flipped(box):
        return [192 - 1.2 * box[2], 0.75 * box[1], 192 - 1.2 * box[0], 0.75 * box[3]]

    def shrunk(box):
        return [0.875 * box[0] + 6, 0.875 * box[1] + 3.5, 0.875 * box[2] + 6, 0.875 * box[3] + 3.5]

    geometry = [View(f"view{v + 1}", sizes[v], pads[v], [[[0, 0, 8, 8.0]]] * 2) for v in range(2)]
    boxes = []
    for image, (count, bound, transform) in enumerate(((5, (160, 128), flipped), (4, (160, 96), shrunk))):
        boxes.append(
            proposals(image, count, bound, transform, [(g.anchors, g.valid[image]) for g in geometry])
        )
    return [
        View(f"view{v + 1}", sizes[v], pads[v], [[pair[v] for pair in image] for image in boxes])
        for v in range(2)
    ]


def objective():
    fixture = Fixture()
    views = make_views()
    online, target = Detector(), Detector()
    fill(online, "online.", GAINS)
    fill(target, "target.", GAINS)
    online.double()
    target.double()
    pyramid, projections, deltas = online(views[0].maps)
    with torch.no_grad():
        target_pyramid, target_projections, _ = target(views[1].maps)
    for view in views:
        assert view.margin > MARGIN
        fixture.integers(f"{view.name}.size", view.size)
        fixture.integers(f"{view.name}.pad_shapes", view.pad_shapes)
        for level, value in enumerate(view.maps, 3):
            fixture.map(f"{view.name}.c{level}", value)
        for image in range(2):
            fixture.add(f"{view.name}.boxes.{image}", view.boxes[image])
            assigned = view.assigned[image]
            counts = [int((assigned == box).sum()) for box in range(len(view.boxes[image]))]
            kinds = [int((assigned == kind).sum()) for kind in (BACKGROUND, IGNORED)]
            print(view.name, "image", image, "anchors of each box", counts, "background, ignored", kinds)
            print("   best IoU", overlaps(view.boxes[image], view.anchors).max(1).values.tolist())
        fixture.integers(f"{view.name}.assigned", torch.stack(view.assigned))
        fixture.digest(f"{view.name}.anchors", view.anchors)
    for net, values in (
        ("online", (pyramid, projections, deltas)),
        ("target", (target_pyramid, target_projections)),
    ):
        for key, maps in zip(("p", "projection.p", "deltas.p"), values):
            for level, value in enumerate(maps, 3):
                fixture.digest(f"{net}.{key}{level}", value.permute(0, 2, 3, 1))
    per_level, positives = box_losses(views[0], deltas)
    fixture.double("box.loss", per_level.sum())
    fixture.double("box.loss_per_level", per_level)
    fixture.integers("box.positives", positives)
    print("box loss", per_level.tolist(), "positives", positives)
    store_gradients(fixture, "box", online, per_level.sum())
    queries, keys = rows(projections, DIMENSION), rows(target_projections, DIMENSION)
    for mode in ("faithful", "corrected"):
        for negatives in (False, True):
            variant = f"{mode}_{'all' if negatives else 'positives'}"
            (query_labels, query_used), (key_labels, key_used) = (
                view.labels(negatives, mode == "faithful") for view in views
            )
            arguments = (
                queries[query_used],
                keys[key_used],
                query_labels[query_used],
                key_labels[key_used],
                BACKGROUND,
            )
            loss = contrast(*arguments)
            if not negatives:
                assert abs(contrast(*arguments, pair_losses) - loss) < 1e-12
            fixture.double(f"{variant}.loss", loss)
            fixture.integers(f"{variant}.sampled", [query_used.sum(), key_used.sum()])
            print(variant, loss.item(), int(query_used.sum()), int(key_used.sum()))
            store_gradients(fixture, variant, online, loss)
    fixture.note(
        "constants",
        {
            "temperature": TEMPERATURE,
            "dimension": DIMENSION,
            "background": BACKGROUND,
            "ignored": IGNORED,
            "margin": MARGIN,
            "gains": GAINS,
        },
    )
    fixture.save("retinanet_objective.safetensors")


def store_gradients(fixture, key, net, loss):
    """All gradients the loss gives; parameters it does not reach are left out."""
    names, parameters = zip(*net.named_parameters())
    gradients = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
    for name, gradient in zip(names, gradients):
        if gradient is not None:
            fixture.add(f"{key}.grad.{name}", gradient)


if __name__ == "__main__":
    contrastive()
    objective()
