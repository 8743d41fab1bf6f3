"""Values and gradients of torchvision's `roi_align` and of a transposed convolution, in float64, and survivors of
torchvision's `nms` (float32).

Run in this folder: python make_roi.py.
Made with torch 2.15.0, torchvision 0.29.2, numpy 2.4.6, safetensors 0.8.0.
Keys: <case>.input.<level>, .boxes, .images, .levels, .output, .grad_output, .grad_input.<level>; the metadata key
<case> holds bins, samples, aligned and strides. Suppression: <case>.boxes, .scores, .groups, .kept; threshold in the
metadata.
"""

import sys

sys.path.insert(0, "..")
import numpy
import torch
from torchvision.ops import box_iou, nms, roi_align

from golden_weights import Fixture, golden, hashes, tensor


def regions(name, count, size, largest):
    """Boxes around golden centres; some reach beyond the image, some have no width."""
    centre = golden(f"{name}.centre", (count, 2), size / 2, size / 2).astype(numpy.float64)
    side = golden(f"{name}.side", (count, 2), largest / 2, largest / 2).astype(numpy.float64)
    side[0] = 0
    boxes = numpy.concatenate([centre - side / 2, centre + side / 2], 1).astype(numpy.float32)
    boxes[1] = [0, 0, size, size]
    boxes[2] = [-3 * size, -3 * size, -2 * size, -2 * size]
    return torch.from_numpy(boxes)


def align():
    fixture = Fixture()
    cases = {
        # case: (channels, maps (height, width, stride), bins, samples, aligned)
        "roi_plain": (5, [(12, 9, 4)], 7, 2, False),
        "roi_aligned": (5, [(12, 9, 4)], 7, 2, True),
        "roi_adaptive": (3, [(12, 9, 4)], 3, 0, False),
        "roi_adaptive_aligned": (3, [(12, 9, 4)], 2, 0, True),
        "roi_one_bin": (1, [(5, 1, 8)], 1, 3, True),
        "roi_pyramid": (4, [(11, 13, 4), (6, 7, 8), (3, 4, 16)], 3, 2, False),
        "roi_wide": (70, [(6, 7, 8)], 2, 2, True),
    }
    for case, (channels, maps, bins, samples, aligned) in cases.items():
        count, size = 9, maps[0][0] * maps[0][2]
        boxes = regions(case, count, size, size * 0.9)
        images = torch.from_numpy((hashes(f"{case}.images", count) % 2).astype(numpy.int64))
        levels = torch.from_numpy((hashes(f"{case}.levels", count) % len(maps)).astype(numpy.int64))
        inputs = [
            tensor(f"{case}.input.{i}", (2, h, w, channels)).requires_grad_() for i, (h, w, _) in enumerate(maps)
        ]
        output = torch.zeros(count, bins, bins, channels, dtype=torch.float64)
        for i, (_, _, stride) in enumerate(maps):
            at = torch.where(levels == i)[0]
            rows = torch.cat([images[at, None].double(), boxes[at].double()], 1)
            got = roi_align(inputs[i].permute(0, 3, 1, 2), rows, bins, 1 / stride, samples, aligned)
            output = output.index_copy(0, at, got.permute(0, 2, 3, 1))
        upstream = tensor(f"{case}.grad_output", tuple(output.shape))
        output.backward(upstream)
        for i, value in enumerate(inputs):
            fixture.add(f"{case}.input.{i}", value)
            fixture.add(f"{case}.grad_input.{i}", value.grad)
        fixture.add(f"{case}.boxes", boxes)
        fixture.integers(f"{case}.images", images)
        fixture.integers(f"{case}.levels", levels)
        fixture.add(f"{case}.output", output)
        fixture.add(f"{case}.grad_output", upstream)
        strides = [stride for _, _, stride in maps]
        fixture.note(case, {"bins": bins, "samples": samples, "aligned": aligned, "strides": strides})
    fixture.save("roi.safetensors")


def suppression():
    fixture = Fixture()
    cases = {
        # case: (boxes, extent, distinct scores, groups, threshold)
        "crowd": (700, 120, 700, 1, 0.5),
        "ties": (600, 90, 7, 1, 0.3),
        "sparse": (700, 900, 700, 1, 0.7),
        "groups": (600, 100, 40, 5, 0.6),
        "one": (1, 10, 1, 1, 0.5),
    }
    for case, (count, extent, steps, groups, threshold) in cases.items():
        centre = golden(f"{case}.centre", (count, 2), extent / 2, extent / 2)
        side = golden(f"{case}.side", (count, 2), 18, 22)
        boxes = torch.from_numpy(numpy.concatenate([centre - side / 2, centre + side / 2], 1))
        # Exact repeats, and overlaps of exactly a half.
        boxes[count // 2 : count // 2 + count // 10] = boxes[: count // 10]
        if count > 10:
            boxes[5:9] = torch.tensor([[0, 0, 64, 64], [0, 0, 32, 64], [0, 32, 64, 64], [0, 0, 32, 32]])
        scores = torch.from_numpy((hashes(f"{case}.scores", count) % steps).astype(numpy.float32) / steps)
        names = torch.from_numpy((hashes(f"{case}.groups", count) % groups).astype(numpy.int64))
        stays = torch.zeros(count, dtype=torch.bool)
        for group in range(groups):
            at = torch.where(names == group)[0]
            stays[at[nms(boxes[at], scores[at], threshold)]] = True
        kept = torch.where(stays)[0]
        kept = kept[scores[kept].sort(descending=True, stable=True).indices]
        print(case, count, len(kept), float((box_iou(boxes, boxes) - threshold).abs().min()))
        fixture.add(f"{case}.boxes", boxes)
        fixture.add(f"{case}.scores", scores)
        fixture.integers(f"{case}.groups", names)
        fixture.integers(f"{case}.kept", kept)
        fixture.note(case, threshold)
    fixture.save("suppression.safetensors")


def upsample():
    """A transposed convolution with a 2x2 window and stride 2, then a ReLU."""
    fixture = Fixture()
    x = tensor("upsample.input", (2, 3, 4, 5)).requires_grad_()
    weight = tensor("upsample.weight", (5, 6, 2, 2)).requires_grad_()
    bias = tensor("upsample.bias", (6,)).requires_grad_()
    y = torch.relu(torch.nn.functional.conv_transpose2d(x.permute(0, 3, 1, 2), weight, bias, stride=2))
    y = y.permute(0, 2, 3, 1)
    upstream = tensor("upsample.grad_output", tuple(y.shape))
    y.backward(upstream)
    fixture.add("upsample.output", y)
    fixture.add("upsample.grad_output", upstream)
    for key, value in {"input": x, "weight": weight, "bias": bias}.items():
        fixture.add(f"upsample.{key}", value)
        fixture.add(f"upsample.grad_{key}", value.grad)
    fixture.save("upsample.safetensors")


if __name__ == "__main__":
    align()
    upsample()
    suppression()
