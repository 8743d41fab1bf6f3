"""FCOS in the form of mmdetection 2.25.2 (fcos_head.py, anchor_free_head.py, iou_loss.py), written out.

Used by make_mmdet.py beside this file and by ../aligndet/make_fcos_objective.py.
"""

import torch
import torch.nn.functional as F
from torch import nn

RANGES = ((-1, 64), (64, 128), (128, 256), (256, 512), (512, 1e8))
BACKGROUND = -1


def level_points(height, width, stride):
    """[height * width, 2], x y, the middles of the cells, rows first."""
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    return torch.stack([x, y], -1).reshape(-1, 2).double() * stride


def sides(points, boxes):
    """[points, boxes, 4]: left, top, right, bottom."""
    return torch.cat([points[:, None] - boxes[None, :, :2], boxes[None, :, 2:] - points[:, None]], 2)


def assign(points, boxes):
    """Per point of all levels the index of its box or BACKGROUND; points: one tensor per level."""
    bounds = torch.cat([torch.tensor(r).double().expand(len(p), 2) for p, r in zip(points, RANGES)])
    every = torch.cat(points)
    distance = sides(every, boxes)
    farthest = distance.max(2).values
    area = (boxes[:, 2:] - boxes[:, :2]).prod(1).repeat(len(every), 1)
    area[distance.min(2).values <= 0] = 1e8
    area[(farthest < bounds[:, :1]) | (farthest > bounds[:, 1:])] = 1e8
    least, index = area.min(1)
    index[least == 1e8] = BACKGROUND
    return index


def margin(points, boxes):
    """Smallest distance in pixels of any point from a bound of the assignment, and of any two areas."""
    distance = sides(torch.cat(points), boxes)
    farthest = distance.max(2).values
    least = min(float(distance.abs().min()), *(float((farthest - b).abs().min()) for b in (64, 128, 256, 512)))
    area = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    return min(least, float((area[:, None] - area[None])[~torch.eye(len(area), dtype=bool)].abs().min()))


def around(points, distance):
    return torch.cat([points - distance[:, :2], points + distance[:, 2:]], 1)


def centreness_targets(distance):
    across, down = distance[:, [0, 2]], distance[:, [1, 3]]
    return (across.amin(1) / across.amax(1) * down.amin(1) / down.amax(1)).sqrt()


def iou_losses(prediction, target):
    """-ln IoU of each pair, the IoU being at least 1e-6."""
    low = torch.maximum(prediction[:, :2], target[:, :2])
    high = torch.minimum(prediction[:, 2:], target[:, 2:])
    inter = (high - low).clamp(min=0).prod(1)
    area = [(b[:, 2:] - b[:, :2]).prod(1) for b in (prediction, target)]
    return -(inter / (area[0] + area[1] - inter).clamp(min=1e-6)).clamp(min=1e-6).log()


def box_losses(points, distance, centreness, boxes):
    """Box and centreness loss of the chosen points, one row each: predicted distances, logits, true boxes."""
    true = torch.cat([points - boxes[:, :2], boxes[:, 2:] - points], 1)
    weight = centreness_targets(true)
    eps = torch.finfo(torch.float32).eps
    overlap = (iou_losses(around(points, distance), around(points, true)) * weight).sum()
    logits = F.binary_cross_entropy_with_logits(centreness, weight, reduction="sum")
    return overlap / (weight.sum().clamp(min=1e-6) + eps), logits / (len(points) + eps)


class Tower(nn.Module):
    """A 3x3 convolution without bias, group norm, ReLU."""

    def __init__(self, width, groups):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.gn = nn.GroupNorm(groups, width)

    def forward(self, x):
        return F.relu(self.gn(self.conv(x)))


class Scale(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(1.0))


class Head(nn.Module):
    """mmdetection's default: exp, a scale per level, centreness on the class tower; `output` is the last class layer."""

    def __init__(self, width, depth, groups, levels, output):
        super().__init__()
        self.cls_convs = nn.ModuleList(Tower(width, groups) for _ in range(depth))
        self.reg_convs = nn.ModuleList(Tower(width, groups) for _ in range(depth))
        self.conv_cls = output
        self.conv_reg = nn.Conv2d(width, 4, 3, 1, 1)
        self.conv_centerness = nn.Conv2d(width, 1, 3, 1, 1)
        self.scales = nn.ModuleList(Scale() for _ in range(levels))

    def forward(self, pyramid):
        """Class outputs, distances in pixels, centreness logits, one map per level."""
        classes, distances, centreness = [], [], []
        for value, scale in zip(pyramid, self.scales):
            a = b = value
            for left, right in zip(self.cls_convs, self.reg_convs):
                a, b = left(a), right(b)
            classes.append(self.conv_cls(a))
            distances.append((scale.scale * self.conv_reg(b)).exp())
            centreness.append(self.conv_centerness(a))
        return classes, distances, centreness


def rows(values, width):
    """Rows of all levels, ordered level, image, row, column."""
    return torch.cat([value.permute(0, 2, 3, 1).reshape(-1, width) for value in values])


def level_major(per_image, counts):
    """Per-image arrays ordered level, row, column, put into the order of `rows`."""
    return torch.cat([part for level in zip(*(image.split(counts) for image in per_image)) for part in level])
