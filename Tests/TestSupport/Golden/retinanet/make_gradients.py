"""Every parameter's gradient of torchvision's RetinaNet on one small image that lies far from all kinks.

Run in this folder: OMP_NUM_THREADS=1 python make_gradients.py (minutes). The network, its weights and its losses are
those of make_retinanet.py. A ReLU input within rounding of zero may fall on either side, and then every parameter
before it moves by 1e-3: of many inputs the one is taken whose smallest distance to such a decision is largest.
Made with torch 2.15.0, torchvision 0.29.2, numpy 2.4.6, safetensors 0.8.0.
"""

import sys

sys.path.insert(0, "..")
import make_retinanet as base
import torch
import torch.nn.functional as F
from make_retinanet import assignment_margin, losses, model, positions
from torchvision.models.detection.image_list import ImageList

from golden_weights import Fixture, tensor

SIZE = (1, 3, 64, 64)
BOXES = [[[6, 10, 41, 38.5], [22, 4.5, 62, 59]]]
LABELS = [[17, 62]]
CANDIDATES = 400
SAMPLES = 16


def forward(net, name, dtype):
    image = tensor(name, SIZE, 2.0).to(dtype)
    pyramid = net.backbone(image)
    outputs = net.head(list(pyramid.values()))
    anchors = net.anchor_generator(ImageList(image, [SIZE[2:]]), list(pyramid.values()))
    return outputs, anchors


class TooClose(Exception):
    pass


class Margin:
    """Smallest distance of a ReLU's input from 0 and of a pooling window's two best, beside the map's rms.

    Gives up below `least`.
    """

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


def search(net):
    best = (0.0, "")
    for k in range(CANDIDATES):
        try:
            with torch.no_grad(), Margin(best[0]) as margin:
                forward(net, f"small.{k}", torch.float64)
            best = (margin.value, f"small.{k}")
        except TooClose:
            continue
    return best


def gradients(name, dtype):
    net = model(dtype)
    outputs, anchors = forward(net, name, dtype)
    terms = losses(net, outputs, anchors, dtype)
    sum(terms.values()).backward()
    return terms, anchors, {key: p.grad.double() for key, p in net.named_parameters()}


def main():
    base.BOXES, base.LABELS = BOXES, LABELS
    margin, name = search(model(torch.float64))
    print(name, "margin", margin)
    assert margin > 4e-6
    terms, anchors, truth = gradients(name, torch.float64)
    assert assignment_margin(anchors[0]) > 1e-4
    fixture = Fixture()
    fixture.note("input.name", name)
    fixture.note("margin", margin)
    fixture.add("boxes", BOXES[0])
    fixture.integers("labels", LABELS[0])
    for key, value in terms.items():
        fixture.double(f"loss.{key}", value)
    names = list(truth)
    at = torch.stack([torch.from_numpy(positions(n, truth[n].numel(), SAMPLES)) for n in names])
    fixture.note("gradient.names", names)
    fixture.integers("gradient.positions", at)
    fixture.add("gradient.samples", torch.stack([truth[n].reshape(-1)[a] for n, a in zip(names, at)]))
    fixture.double("gradient.norm", torch.stack([truth[n].norm() for n in names]))
    fixture.double("gradient.sum", torch.stack([truth[n].sum() for n in names]))
    single = gradients(name, torch.float32)[2]
    error = max(float((single[n] - g).norm() / g.norm()) for n, g in truth.items())
    print("float32", error)
    fixture.note("float32_error", error)
    fixture.save("gradients.safetensors")


if __name__ == "__main__":
    main()
