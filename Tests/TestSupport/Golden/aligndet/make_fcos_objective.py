"""The whole FCOS pre-training objective of AlignDet, in float64, as published and corrected.

Run in this folder: python make_fcos_objective.py.
Formulas from Li et al., ICCV 2023 (arXiv 2307.11077), their repository at commit d29f70b (contrastive_loss.py,
fcos_head.py) and mmdet 2.25.2, written out in make_aligndet.py and ../fcos/points.py. The published configuration leaves
FCOS's strides out, so that points lie at half their coordinates; nothing else differs between the two forms here.
Made with torch 2.15.0, numpy 2.4.6, safetensors 0.8.0.
"""

import sys

sys.path[:0] = ["..", "../fcos"]
import torch
import torch.nn.functional as F
from make_aligndet import contrast, pair_losses, store_gradients
from points import BACKGROUND, Head, assign, box_losses, level_major, level_points, margin, rows
from torch import nn

from golden_weights import Fixture, fill, put, tensor

torch.set_default_dtype(torch.float64)
CHANNELS, WIDTH, DIMENSION = (8, 12, 16), 16, 8
CORRECTED = (8, 16, 32, 64, 128)
STRIDES = {"corrected": CORRECTED, "faithful": tuple(s // 2 for s in CORRECTED)}
SIZES = ((128, 160), (96, 192))  # height, width of the two views
GAINS = {"bbox_head.conv_reg": 0.5}
SHIFTS = {"bbox_head.conv_reg": 2.5}
# Row j of an image is the same proposal in both views.
BOXES = (
    (
        [[5.3, 8.6, 60.2, 55.9], [70.7, 9.4, 150.3, 118.2], [3.1, 4.7, 156.4, 124.8], [30.6, 50.3, 61.1, 90.8],
         [20.9, 12.1, 29.2, 19.7]],
        [[8.3, 10.9, 52.7, 61.1], [40.2, 30.7, 139.6, 99.3], [2.6, 70.4, 49.3, 121.2], [50.9, 3.1, 77.2, 40.8]],
    ),
    (
        [[119.8, 6.4, 185.6, 41.9], [11.6, 7.1, 107.2, 88.7], [4.3, 3.6, 188.3, 93.6], [118.7, 37.7, 155.3, 68.1],
         [156.9, 9.1, 166.9, 14.8]],
        [[13.3, 13.1, 52.1, 56.9], [41.2, 30.4, 128.2, 90.4], [8.3, 65.1, 49.1, 94.6], [50.6, 6.2, 73.6, 39.2]],
    ),
)


class Neck(nn.Module):
    """Pyramid P3 to P7 from C3 to C5; P6 from P5, P7 from ReLU(P6)."""

    def __init__(self):
        super().__init__()
        self.lateral_convs = nn.ModuleList(nn.Sequential() for _ in CHANNELS)
        self.fpn_convs = nn.ModuleList(nn.Sequential() for _ in CORRECTED)
        for module, count in zip(self.lateral_convs, CHANNELS):
            module.add_module("conv", nn.Conv2d(count, WIDTH, 1))
        for index, module in enumerate(self.fpn_convs):
            module.add_module("conv", nn.Conv2d(WIDTH, WIDTH, 3, 2 if index > 2 else 1, 1))

    def forward(self, maps):
        lateral = [conv(value) for conv, value in zip(self.lateral_convs, maps)]
        for i in (1, 0):
            lateral[i] = lateral[i] + F.interpolate(lateral[i + 1], size=lateral[i].shape[2:], mode="nearest")
        pyramid = [conv(value) for conv, value in zip(self.fpn_convs, lateral)]
        pyramid.append(self.fpn_convs[3](pyramid[-1]))
        pyramid.append(self.fpn_convs[4](F.relu(pyramid[-1])))
        return pyramid


class Detector(nn.Module):
    def __init__(self, prefix):
        super().__init__()
        self.neck = Neck()
        projection = nn.Sequential(nn.Conv2d(WIDTH, 12, 3, 1, 1), nn.ReLU(), nn.Conv2d(12, DIMENSION, 1))
        self.bbox_head = Head(WIDTH, 2, 4, len(CORRECTED), projection)
        self.double()
        fill(self, prefix, GAINS, bias_shift=SHIFTS)
        with torch.no_grad():
            for name, value in self.named_parameters():
                if name.endswith(".scale"):
                    put(value, prefix + name, 0.2, 1.0)

    def forward(self, maps):
        return self.bbox_head(self.neck(maps))


class View:
    def __init__(self, number, strides):
        size = SIZES[number]
        shapes = [(-(-size[0] // s), -(-size[1] // s)) for s in CORRECTED]
        name = f"fcos.view{number + 1}"
        self.maps = [tensor(f"{name}.c{l}", (2, c, *s)) for l, c, s in zip((3, 4, 5), CHANNELS, shapes)]
        self.boxes = [torch.tensor(b) for b in BOXES[number]]
        self.points = [level_points(*shape, s) for shape, s in zip(shapes, strides)]
        self.counts = [h * w for h, w in shapes]
        for boxes in self.boxes:
            assert margin(self.points, boxes) > 1e-3, (number, strides, margin(self.points, boxes))
        self.assigned = [assign(self.points, b) for b in self.boxes]

    def in_order(self, per_image):
        return level_major(per_image, self.counts)

    @property
    def labels(self):
        """Proposals numbered through the batch, in the order of the features."""
        offset = len(self.boxes[0])
        first, second = self.assigned
        return self.in_order([first, torch.where(second >= 0, second + offset, BACKGROUND)])


def main():
    fixture = Fixture()
    online, target = Detector("fcos.online."), Detector("fcos.target.")
    for mode, strides in STRIDES.items():
        views = [View(number, strides) for number in range(2)]
        projections, distances, centreness = online(views[0].maps)
        with torch.no_grad():
            target_projections = target(views[1].maps)[0]
        for number, view in enumerate(views, 1):
            if mode == "corrected":
                fixture.integers(f"view{number}.size", SIZES[number - 1])
                for level, value in enumerate(view.maps, 3):
                    fixture.map(f"view{number}.c{level}", value)
                for image, boxes in enumerate(view.boxes):
                    fixture.add(f"view{number}.boxes.{image}", boxes)
            fixture.integers(f"{mode}.view{number}.labels", view.labels)
            for assigned, boxes in zip(view.assigned, view.boxes):
                print(mode, number, "points of each box", [int((assigned == i).sum()) for i in range(len(boxes))])
        labels, key_labels = views[0].labels, views[1].labels
        chosen = labels != BACKGROUND
        every = views[0].in_order([torch.cat(views[0].points)] * 2)
        truth = views[0].in_order([b[a.clamp(min=0)] for a, b in zip(views[0].assigned, views[0].boxes)])
        box, central = box_losses(
            every[chosen], rows(distances, 4)[chosen], rows(centreness, 1)[chosen][:, 0], truth[chosen])
        for key, loss in (("bbox", box), ("centerness", central)):
            print(mode, key, loss.item())
            fixture.double(f"{mode}_{key}.loss", loss)
            store_gradients(fixture, f"{mode}_{key}", online, loss)
        queries, keys = rows(projections, DIMENSION), rows(target_projections, DIMENSION)
        for negatives in (False, True):
            variant = f"{mode}_{'all' if negatives else 'positives'}"
            used = chosen | negatives, (key_labels != BACKGROUND) | negatives
            arguments = queries[used[0]], keys[used[1]], labels[used[0]], key_labels[used[1]], BACKGROUND
            loss = contrast(*arguments)
            if not negatives:
                assert abs(contrast(*arguments, pair_losses) - loss) < 1e-12
            fixture.double(f"{variant}.loss", loss)
            print(variant, loss.item(), len(arguments[0]), len(arguments[1]))
            store_gradients(fixture, variant, online, loss)
    fixture.save("fcos_objective.safetensors")


if __name__ == "__main__":
    main()
