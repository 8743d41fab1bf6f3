"""Outputs, losses, gradients, ten optimisation steps and detections of torchvision's RetinaNet.

Run in this folder: OMP_NUM_THREADS=1 python make_retinanet.py (minutes). Computed in float64 from golden
weights; the largest deviation of torch's own float32 is recorded in the metadata.
Made with torch 2.15.0, torchvision 0.29.2, numpy 2.4.6, safetensors 0.8.0.
"""

import sys
from collections import OrderedDict

sys.path.insert(0, "..")
import torch
from torchvision.models.detection._utils import Matcher
from torchvision.models.detection.backbone_utils import _resnet_fpn_extractor
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.retinanet import RetinaNet
from torchvision.models.resnet import resnet50
from torchvision.ops import FrozenBatchNorm2d, box_iou
from torchvision.ops.feature_pyramid_network import LastLevelP6P7

from golden_weights import Fixture, fill, positions, tensor

CLASSES, DELTAS = "head.classification_head.cls_logits", "head.regression_head.bbox_reg"
# Gains other than sqrt(2), so that activations, the gradient and ten steps at the usual rate stay moderate.
GAINS = {CLASSES: 0.5, DELTAS: 0.5}
GAINS |= {f"backbone.fpn.{kind}_blocks.{i}.0": 0.3 for kind in ("inner", "layer") for i in range(3)}
GAINS |= {f"head.classification_head.conv.{i}.0": 1.28 for i in range(4)}
GAINS |= {f"head.regression_head.conv.{i}.0": 0.9 for i in range(4)}
CLASS_BIAS_SHIFT = -3.2  # scores of about 0.04: between the usual prior and the score threshold
IMAGES = (2, 3, 128, 160)
BOXES = [
    [[12, 20, 61, 70.5], [70, 9.5, 150, 118], [100.5, 60, 131, 90]],
    [[5, 64, 44, 120], [30, 10, 139.5, 99]],
]
LABELS = [[17, 1, 62], [1, 90]]
SAMPLES = 16
RATE = 2e-4  # at 1e-3 rounding grows: torch's own float32 is 5e-3 off the float64 losses after eight steps


def model(dtype):
    """retinanet_resnet50_fpn as with pre-trained weights: frozen batch norm; every convolution trainable."""
    body = resnet50(weights=None, norm_layer=FrozenBatchNorm2d)
    backbone = _resnet_fpn_extractor(body, 5, returned_layers=[2, 3, 4], extra_blocks=LastLevelP6P7(256, 256))
    net = RetinaNet(
        backbone, 91, score_thresh=0.05, nms_thresh=0.5, detections_per_img=100, topk_candidates=1000
    )
    assert GAINS.keys() <= dict(net.named_modules()).keys()
    fill(net, gains=GAINS, last_norms=("bn3",), bias_shift={CLASSES: CLASS_BIAS_SHIFT})
    assert all(p.requires_grad for p in net.parameters())
    return net.to(dtype).train()


def forward(net, dtype):
    image = tensor("input", IMAGES, 2.0).to(dtype)
    body = net.backbone.body(image)
    pyramid = net.backbone.fpn(OrderedDict(body))
    outputs = net.head(list(pyramid.values()))
    anchors = net.anchor_generator(ImageList(image, [IMAGES[2:]] * 2), list(pyramid.values()))
    return body, pyramid, outputs, anchors


def losses(net, outputs, anchors, dtype):
    targets = [
        {"boxes": torch.tensor(boxes, dtype=dtype), "labels": torch.tensor(labels)}
        for boxes, labels in zip(BOXES, LABELS)
    ]
    return net.compute_loss(targets, outputs, anchors)


def ten_steps(net, dtype):
    rule = torch.optim.SGD(net.parameters(), lr=RATE, momentum=0.9, weight_decay=1e-4)
    history = []
    for _ in range(10):
        _, _, outputs, anchors = forward(net, dtype)
        terms = losses(net, outputs, anchors, dtype)
        history.append([terms["classification"].item(), terms["bbox_regression"].item()])
        rule.zero_grad()
        sum(terms.values()).backward()
        rule.step()
    return torch.tensor(history, dtype=torch.float64)


def detect(net, pyramid, outputs, anchors):
    counts = [9 * value.shape[2] * value.shape[3] for value in pyramid.values()]
    split = {key: list(value.split(counts, 1)) for key, value in outputs.items()}
    return net.postprocess_detections(split, [list(a.split(counts)) for a in anchors], [IMAGES[2:]] * 2)


def detection_margin(net, pyramid, outputs, anchors, found):
    """Smallest distance of the decisions behind the detections from a change: IoU to 0.5, score to score."""
    net.nms_thresh, net.detections_per_img = 1.0, 100_000
    overlap, gap = 1.0, 1.0
    for every, kept in zip(detect(net, pyramid, outputs, anchors), found):
        used = every["scores"] > kept["scores"][-1] - 1e-3
        boxes, scores, labels = (every[key][used] for key in ("boxes", "scores", "labels"))
        iou = box_iou(boxes, boxes)[labels[:, None] == labels[None]]
        overlap = min(overlap, (iou - 0.5).abs().min().item())
        gap = min(gap, (-kept["scores"].diff()).min().item())
    return overlap, gap


def assignment_margin(anchors):
    """Smallest distance of any IoU from a decision that float32 could turn."""
    margin = 1.0
    for boxes in BOXES:
        iou = box_iou(torch.tensor(boxes, dtype=torch.float64), anchors)
        best, _ = iou.max(0)
        margin = min(margin, float((best - 0.4).abs().min()), float((best - 0.5).abs().min()))
        top = iou.topk(2, 0).values
        margin = min(margin, float((top[0] - top[1])[best > 0.3].min()))
        # Anchors tied for a box's best IoU must be exact ties, otherwise clearly worse.
        for row in iou:
            gap = row.max() - row
            margin = min(margin, float(gap[gap > 0].min()))
    return margin


def match(anchors, boxes):
    iou = box_iou(torch.tensor(boxes, dtype=torch.float64), anchors)
    return Matcher(0.5, 0.4, allow_low_quality_matches=True)(iou)


def run(dtype):
    net = model(dtype)
    body, pyramid, outputs, anchors = forward(net, dtype)
    terms = losses(net, outputs, anchors, dtype)
    sum(terms.values()).backward()
    gradients = {name: p.grad.double() for name, p in net.named_parameters()}
    with torch.no_grad():
        found = detect(net, pyramid, outputs, anchors)
        margin = detection_margin(net, pyramid, outputs, anchors, found)
    result = dict(
        maps={f"c{i}": v for i, v in enumerate(body.values(), 3)}
        | {f"p{i}": v for i, v in enumerate(pyramid.values(), 3)},
        outputs=outputs,
        anchors=anchors,
        losses=terms,
        gradients=gradients,
        found=found,
        margin=margin,
        cells=net.anchor_generator.cell_anchors,
    )
    net.zero_grad()
    result["history"] = ten_steps(net, dtype)
    return result


def relative(a, b):
    return float((a.double() - b).abs().max() / b.abs().max())


def main():
    truth = run(torch.float64)
    single = run(torch.float32)
    fixture = Fixture()
    margin = assignment_margin(truth["anchors"][0])
    print("assignment margin", margin)
    assert margin > 1e-5
    fixture.digest("input", tensor("input", IMAGES, 2.0).permute(0, 2, 3, 1))
    for key, value in truth["maps"].items():
        fixture.digest(key, value.permute(0, 2, 3, 1))
        print(key, tuple(value.shape), "rms", float(value.detach().pow(2).mean().sqrt()))
    counts = [9 * v.shape[2] * v.shape[3] for k, v in truth["maps"].items() if k[0] == "p"]
    for key in ("cls_logits", "bbox_regression"):
        value = truth["outputs"][key]
        print(key, tuple(value.shape), "std", value.std().item(), "max", value.abs().max().item())
        for level, part in enumerate(value.split(counts, 1), 3):
            fixture.digest(f"{key}.p{level}", part)
    fixture.add("cell_anchors", torch.stack(truth["cells"]))
    fixture.digest("anchors", truth["anchors"][0])
    for i in range(2):
        fixture.add(f"boxes.{i}", BOXES[i])
        fixture.integers(f"labels.{i}", LABELS[i])
        matched = match(truth["anchors"][0], BOXES[i])
        fixture.integers(f"positive_anchors.{i}", torch.where(matched >= 0)[0])
        fixture.integers(f"positive_boxes.{i}", matched[matched >= 0])
        fixture.integers(f"ignored_count.{i}", (matched == -2).sum())
        print("image", i, "positives", int((matched >= 0).sum()), "ignored", int((matched == -2).sum()))
    for key, value in truth["losses"].items():
        fixture.double(f"loss.{key}", value)
        print("loss", key, value.item(), "float32", single["losses"][key].item())
    names = list(truth["gradients"])
    at = torch.stack([torch.from_numpy(positions(n, truth["gradients"][n].numel(), SAMPLES)) for n in names])
    rows = [truth["gradients"][n].reshape(-1) for n in names]
    fixture.note("gradient.names", names)
    fixture.integers("gradient.positions", at)
    fixture.add("gradient.samples", torch.stack([row[a] for row, a in zip(rows, at)]))
    fixture.double("gradient.norm", torch.stack([row.norm() for row in rows]))
    fixture.double("gradient.sum", torch.stack([row.sum() for row in rows]))
    fixture.double("steps.losses", truth["history"])
    print(truth["history"], (single["history"] / truth["history"] - 1).abs().max(0).values)
    print("detections: margin of IoU, of scores", truth["margin"])
    for i, (found, other) in enumerate(zip(truth["found"], single["found"])):
        for key in ("boxes", "scores"):
            fixture.add(f"detections.{i}.{key}", found[key])
        fixture.integers(f"detections.{i}.labels", found["labels"])
        assert torch.equal(found["labels"], other["labels"]), i
        print(
            len(found["scores"]),
            "detections, box error",
            (found["boxes"] - other["boxes"]).abs().max().item(),
        )
    off = [float((single["gradients"][n] - g).norm() / g.norm()) for n, g in truth["gradients"].items()]
    fixture.double("gradient.float32_error", off)
    print("gradients, relative error of norm", sorted(off)[::8], max(off))
    error = {
        "maps": {k: relative(single["maps"][k], v) for k, v in truth["maps"].items()},
        "outputs": {k: relative(single["outputs"][k], v) for k, v in truth["outputs"].items()},
        "losses": {k: abs(single["losses"][k].item() / v.item() - 1) for k, v in truth["losses"].items()},
        "steps": (single["history"] / truth["history"] - 1).abs().max(1).values.tolist(),
    }
    for k, v in error.items():
        print(k, v)
    fixture.note("float32_error", error)
    fixture.save("retinanet.safetensors")


if __name__ == "__main__":
    main()
