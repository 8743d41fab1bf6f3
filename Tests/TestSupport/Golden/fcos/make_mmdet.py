"""mmdetection's form of FCOS on a small head: losses, gradients and detections, in float64.

Run in this folder: python make_mmdet.py. The formulas are those of points.py. Made with torch 2.15.0,
torchvision 0.29.2 (for nms and the focal loss), numpy 2.4.6, safetensors 0.8.0.
"""

import sys

sys.path.insert(0, "..")
import torch
from points import Head, around, assign, box_losses, level_major, level_points, margin, rows
from torch import nn
from torchvision.ops import batched_nms, box_iou, sigmoid_focal_loss

from golden_weights import Fixture, fill, put, tensor

torch.set_default_dtype(torch.float64)
WIDTH, CLASSES, STRIDES = 16, 5, (8, 16, 32, 64, 128)
SHAPES = ((16, 20), (8, 10), (4, 5), (2, 3), (1, 2))
COUNTS = [h * w for h, w in SHAPES]
BOXES = [
    [[12.3, 20.7, 61.2, 70.6], [2.7, 3.4, 155.3, 125.2], [100.6, 60.3, 131.1, 90.8], [60.9, 30.2, 119.3, 80.1]],
    [[5.2, 64.7, 44.3, 120.1], [30.4, 10.9, 159.6, 119.3]],
]
LABELS = [[1, 0, 4, 3], [2, 0]]
VALID = ((128, 160), (120, 130))  # height, width; detections are clipped to it
GAINS = {"conv_cls": 1.2, "conv_reg": 0.5, "conv_centerness": 0.8}
SHIFTS = {"conv_cls": -2.0, "conv_reg": 2.8}
THRESHOLD, OVERLAP, CANDIDATES, LIMIT = 0.15, 0.5, 60, 20


def network():
    head = Head(WIDTH, 2, 4, 5, nn.Conv2d(WIDTH, CLASSES, 3, 1, 1)).double()
    prefix = "mmdet."
    fill(head, prefix, GAINS, bias_shift=SHIFTS)
    with torch.no_grad():
        for name, value in head.named_parameters():
            if name.endswith(".scale"):
                put(value, prefix + name, 0.2, 1.0)
    return head


def losses(outputs):
    classes, distances, centreness = outputs
    points = [level_points(*shape, s) for shape, s in zip(SHAPES, STRIDES)]
    boxes = [torch.tensor(b) for b in BOXES]
    for group in boxes:
        assert margin(points, group) > 1e-3
    assigned = [assign(points, b) for b in boxes]
    for a, b in zip(assigned, boxes):
        print("points of each box", [int((a == i).sum()) for i in range(len(b))])
    labels = level_major([torch.where(a >= 0, torch.tensor(l)[a.clamp(min=0)], CLASSES)
                          for a, l in zip(assigned, LABELS)], COUNTS)
    truth = level_major([b[a.clamp(min=0)] for a, b in zip(assigned, boxes)], COUNTS)
    every = level_major([torch.cat(points)] * 2, COUNTS)
    chosen = labels < CLASSES
    hot = torch.nn.functional.one_hot(labels, CLASSES + 1)[:, :CLASSES].double()
    eps = torch.finfo(torch.float32).eps
    focal = sigmoid_focal_loss(rows(classes, CLASSES), hot, 0.25, 2, "sum") / (int(chosen.sum()) + eps)
    box, central = box_losses(
        every[chosen], rows(distances, 4)[chosen], rows(centreness, 1)[chosen][:, 0], truth[chosen])
    return {"cls": focal, "bbox": box, "centerness": central}, assigned


def detect(outputs, image):
    """Best candidates of each level by class probability; scores are multiplied by the centreness after that."""
    boxes, scores, labels, least = [], [], [], 1.0
    for shape, stride, *maps in zip(SHAPES, STRIDES, *outputs):
        classes, distances, centreness = (m[image].permute(1, 2, 0).reshape(-1, m.shape[1]) for m in maps)
        probability = classes.sigmoid()
        least = min(least, float((probability - THRESHOLD).abs().min()))
        cell, label = torch.where(probability > THRESHOLD)
        value, order = probability[cell, label].sort(descending=True)
        if len(value) > CANDIDATES:
            least = min(least, float(value[CANDIDATES - 1] - value[CANDIDATES]))
        cell, label, value = cell[order[:CANDIDATES]], label[order[:CANDIDATES]], value[:CANDIDATES]
        found = around(level_points(*shape, stride)[cell], distances[cell])
        height, width = VALID[image]
        found = torch.stack([found[:, i].clamp(0, (width, height)[i % 2]) for i in range(4)], 1)
        boxes.append(found)
        scores.append(value * centreness[cell, 0].sigmoid())
        labels.append(label)
    boxes, scores, labels = torch.cat(boxes), torch.cat(scores), torch.cat(labels)
    iou = box_iou(boxes, boxes)[(labels[:, None] == labels[None]).triu(1)]
    least = min(least, float((iou - OVERLAP).abs().min()))
    kept = batched_nms(boxes, scores, labels, OVERLAP)[:LIMIT]
    least = min(least, float(-scores[kept].diff().max()))
    print("image", image, len(scores), "candidates,", len(kept), "kept, decisions clear by", least)
    assert least > 2e-6
    return boxes[kept], scores[kept], labels[kept]


def main():
    fixture = Fixture()
    head = network()
    pyramid = [tensor(f"mmdet.p{l}", (2, WIDTH, *shape), 1.5) for l, shape in enumerate(SHAPES, 3)]
    outputs = head(pyramid)
    print("distances", [m.mean().item() for m in outputs[1]])
    terms, assigned = losses(outputs)
    for level, value in enumerate(pyramid, 3):
        fixture.map(f"p{level}", value)
    for key, maps in zip(("classes", "distances", "centreness"), outputs):
        for level, value in enumerate(maps, 3):
            fixture.map(f"{key}.p{level}", value)
    for i in range(2):
        fixture.add(f"boxes.{i}", BOXES[i])
        fixture.integers(f"labels.{i}", LABELS[i])
        fixture.integers(f"assigned.{i}", assigned[i])
        with torch.no_grad():
            boxes, scores, labels = detect(outputs, i)
        fixture.add(f"detections.{i}.boxes", boxes)
        fixture.add(f"detections.{i}.scores", scores)
        fixture.integers(f"detections.{i}.labels", labels)
    fixture.integers("valid", VALID)
    names, parameters = zip(*head.named_parameters())
    for key, value in terms.items():
        print(key, value.item())
        fixture.double(f"loss.{key}", value)
        for name, gradient in zip(names, torch.autograd.grad(value, parameters, retain_graph=True, allow_unused=True)):
            if gradient is not None:
                fixture.add(f"{key}.grad.{name}", gradient)
    fixture.save("mmdet.safetensors")


if __name__ == "__main__":
    main()
