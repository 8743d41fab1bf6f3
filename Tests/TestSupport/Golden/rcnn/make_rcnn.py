"""Outputs, losses, ten optimisation steps, detections and every gradient of torchvision's two-stage detectors.

Run in this folder: OMP_NUM_THREADS=1 python make_rcnn.py (minutes). Computed in float64 from golden weights; the
deviation of torch's own float32 is recorded in the metadata. The samplers are wide enough to take every anchor and
every proposal, so that nothing is drawn. Proposals depend on comparisons (scores, overlaps) that float32 could turn,
and gradients on the signs of ReLU inputs: of many inputs one is taken that lies far from all of these.
Made with torch 2.15.0, torchvision 0.29.2, numpy 2.4.6, safetensors 0.8.0.
"""

import copy
import sys
from collections import OrderedDict

sys.path.insert(0, "..")
import numpy
import torch
import torch.nn.functional as F
from torchvision.models.detection import FasterRCNN, MaskRCNN, _utils
from torchvision.models.detection.backbone_utils import _resnet_fpn_extractor
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads
from torchvision.models.detection.rpn import RegionProposalNetwork
from torchvision.models.resnet import resnet50
from torchvision.ops import FrozenBatchNorm2d, MultiScaleRoIAlign, box_iou
from torchvision.ops import boxes as ops

from golden_weights import Fixture, fill, positions, put, tensor, weight_scale

RPN, HEAD = "rpn.head.", "roi_heads.box_predictor."
GAINS = {RPN + "cls_logits": 0.8, RPN + "bbox_pred": 0.15, HEAD + "cls_score": 1.6, HEAD + "bbox_pred": 0.3}
GAINS |= {f"backbone.fpn.{kind}_blocks.{i}.0": 0.3 for kind in ("inner", "layer") for i in range(4)}
MASK_GAINS = {"roi_heads.mask_predictor.mask_fcn_logits": 0.5}
SAMPLES = 16
RATE = 2e-5  # at 1e-4 rounding grows tenfold a step
BOXES = [
    [[6, 10, 41, 38.5], [45, 4.5, 92, 59], [60.5, 30, 81, 50]],
    [[5, 24, 44, 60], [20, 5, 88.5, 52]],
]
LABELS = [[17, 1, 62], [1, 90]]
IMAGES = (2, 3, 64, 96)
SMALL_BOXES, SMALL_LABELS, SMALL = [[[6, 10, 41, 38.5], [22, 4.5, 62, 59]]], [[17, 62]], (1, 3, 64, 64)
CANDIDATES = 200
# The mask branch changes no choice in the first step: the best two without it.
INPUTS = {False: range(6), True: (5, 2)}


MODELS = {}


def model(dtype, mask, small=False):
    """The detectors as with pre-trained weights: frozen batch norm; every convolution trainable.

    small: with a mask branch of one convolution on 6 x 6 pixels, whose ReLUs are few enough to stay clear of zero.
    """
    if (mask, small) not in MODELS:
        MODELS[mask, small] = make_model(mask, small)
    return copy.deepcopy(MODELS[mask, small]).to(dtype).train()


def make_model(mask, small, levels=30, kept=16):
    body = resnet50(weights=None, norm_layer=FrozenBatchNorm2d)
    backbone = _resnet_fpn_extractor(body, 5)
    kind = MaskRCNN if mask else FasterRCNN
    branch = {}
    if mask and small:
        pool = MultiScaleRoIAlign(["0", "1", "2", "3"], output_size=6, sampling_ratio=2)
        branch = {"mask_roi_pool": pool, "mask_head": MaskRCNNHeads(256, (256,), 1)}
    net = kind(
        backbone, 91, **branch, rpn_pre_nms_top_n_train=levels, rpn_pre_nms_top_n_test=levels,
        rpn_post_nms_top_n_train=kept, rpn_post_nms_top_n_test=kept, rpn_batch_size_per_image=100_000,
        box_batch_size_per_image=100_000,
    )
    gains = GAINS | (MASK_GAINS if mask else {})
    assert gains.keys() <= dict(net.named_modules()).keys()
    fill(net, gains=gains, last_norms=("bn3",))
    if mask:
        # A transposed convolution: every output pixel reads all inputs once.
        up, name = net.roi_heads.mask_predictor.conv5_mask, "roi_heads.mask_predictor.conv5_mask"
        with torch.no_grad():
            put(up.weight, name + ".weight", (3.0 * 2.0 / up.weight.shape[0]) ** 0.5)
            put(up.bias, name + ".bias", 0.05)
    assert all(p.requires_grad for p in net.parameters())
    return net


def ellipse(box, size):
    """A filled ellipse of a box, as the pixels whose centres it holds."""
    y, x = numpy.mgrid[0 : size[0], 0 : size[1]] + 0.5
    cx, cy, rx, ry = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2, (box[2] - box[0]) / 2, (box[3] - box[1]) / 2
    return ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1


def targets(boxes, labels, size, dtype):
    return [
        {
            "boxes": torch.tensor(b, dtype=dtype), "labels": torch.tensor(l),
            "masks": torch.from_numpy(numpy.stack([ellipse(x, size) for x in b]).astype(numpy.uint8)),
        }
        for b, l in zip(boxes, labels)
    ]


def forward(net, name, shape, truth, dtype):
    image = tensor(name, shape, 2.0).to(dtype)
    body = net.backbone.body(image)
    pyramid = net.backbone.fpn(OrderedDict(body))
    images = ImageList(image, [shape[2:]] * shape[0])
    proposals, first = net.rpn(images, pyramid, truth)
    found, second = net.roi_heads(pyramid, proposals, images.image_sizes, truth)
    return dict(body=body, pyramid=pyramid, proposals=proposals, losses=first | second, found=found)


class TooClose(Exception):
    pass


class Margin:
    """Smallest distance from a decision: of ReLU inputs and pooling windows beside their map's rms (`kinks`), and of
    scores, overlaps and levels of proposals (`choices`). Gives up below `least`.
    """

    def __init__(self, least, kinks):
        self.least, self.kinks, self.value = least, kinks, 1.0

    def __enter__(self):
        self.saved = F.relu, F.max_pool2d, _utils.Matcher.__call__
        if self.kinks:
            F.relu, F.max_pool2d = self.watched_relu, self.watched_pool
        self.ops, self.nms = ops, ops.batched_nms
        ops.batched_nms = self.watched_nms
        self.top = RegionProposalNetwork._get_top_n_idx
        RegionProposalNetwork._get_top_n_idx = lambda rpn, *values: self.watched_top(rpn, *values)
        match = self.saved[2]

        def watched_match(matcher, quality):
            best, _ = quality.max(0)
            for bound in {matcher.low_threshold, matcher.high_threshold}:
                self.note((best - bound).abs().min())
            # Ties of copied boxes are exact; anything else must be clearly apart.
            for row in quality if matcher.allow_low_quality_matches else []:
                gap = row.max() - row
                self.note(gap[gap > 1e-12].min())
            top = quality.topk(min(2, len(quality)), 0).values
            if len(top) == 2 and bool((best > 0.3).any()):
                self.note((top[0] - top[1])[best > 0.3].min())
            return match(matcher, quality)

        _utils.Matcher.__call__ = watched_match
        return self

    def __exit__(self, *_):
        F.relu, F.max_pool2d, _utils.Matcher.__call__ = self.saved
        self.ops.batched_nms = self.nms
        RegionProposalNetwork._get_top_n_idx = self.top

    def note(self, distance):
        self.value = min(self.value, float(distance))
        if self.value < self.least:
            raise TooClose

    def watched_relu(self, x, inplace=False):
        self.note(x.detach().abs().min() / x.detach().pow(2).mean().sqrt())
        return self.saved[0](x)

    def watched_pool(self, x, *arguments, **names):
        if 1 not in arguments and names.get("kernel_size") != 1:
            windows = F.unfold(F.pad(x, (1, 1, 1, 1)), 3, stride=2).unflatten(1, (x.shape[1], 9))
            best = windows.topk(2, 2).values
            gap = (best[:, :, 0] - best[:, :, 1])[best[:, :, 0] > 0]
            self.note(gap.min() / x.pow(2).mean().sqrt())
        return self.saved[1](x, *arguments, **names)

    def watched_nms(self, boxes, scores, groups, threshold):
        same = (groups[:, None] == groups[None]).triu(1)
        iou = box_iou(boxes, boxes)
        if bool(same.any()):
            self.note((iou[same] - threshold).abs().min())
        rivals = same & (iou > threshold - 0.1)
        if bool(rivals.any()):
            self.note((scores[:, None] - scores[None]).abs()[rivals].min())
        kept = self.nms(boxes, scores, groups, threshold)
        if len(kept) > 1:
            self.note(-scores[kept].diff().max())
        size = (boxes[:, 2:] - boxes[:, :2]).prod(1).sqrt()
        level = 4 + torch.log2(size / 224)
        self.note((level - level.round()).abs()[(level > 1.5) & (level < 5.5)].min() if len(level) else 1.0)
        return kept

    def watched_top(self, rpn, objectness, counts):
        for level in objectness.split(counts, 1):
            limit = rpn.pre_nms_top_n()
            if level.shape[1] > limit:
                best = level.topk(limit + 1, 1).values
                self.note((best[:, -2] - best[:, -1]).min())
        return self.top(rpn, objectness, counts)


def ten_steps(net, name, dtype):
    rule = torch.optim.SGD(net.parameters(), lr=RATE, momentum=0.9, weight_decay=1e-4)
    history = []
    for _ in range(10):
        terms = forward(net, name, IMAGES, targets(BOXES, LABELS, IMAGES[2:], dtype), dtype)["losses"]
        history.append([terms[key].item() for key in sorted(terms)])
        rule.zero_grad()
        sum(terms.values()).backward()
        rule.step()
    return torch.tensor(history, dtype=torch.float64)


def choose_input(mask):
    """The input whose choices keep the largest distance over ten steps and in detection."""
    best = (0.0, "")
    for k in INPUTS[mask]:
        try:
            net = model(torch.float64, mask)
            with Margin(best[0], kinks=False) as margin:
                ten_steps(net, f"rcnn.{k}", torch.float64)
                net = model(torch.float64, mask).eval()
                with torch.no_grad():
                    forward(net, f"rcnn.{k}", IMAGES, None, torch.float64)
            best = (margin.value, f"rcnn.{k}")
            print(best)
        except TooClose:
            continue
    return best


def choose_small(mask):
    best = (0.0, "")
    net = model(torch.float64, mask, small=True)
    truth = targets(SMALL_BOXES, SMALL_LABELS, SMALL[2:], torch.float64)
    for k in range(CANDIDATES):
        try:
            with torch.no_grad(), Margin(best[0], kinks=True) as margin:
                forward(net, f"rcnn.small.{k}", SMALL, truth, torch.float64)
            best = (margin.value, f"rcnn.small.{k}")
            print(best)
        except TooClose:
            continue
    return best


def gradients(name, mask, dtype):
    net = model(dtype, mask, small=True)
    result = forward(net, name, SMALL, targets(SMALL_BOXES, SMALL_LABELS, SMALL[2:], dtype), dtype)
    sum(result["losses"].values()).backward()
    return result["losses"], {key: p.grad.double() for key, p in net.named_parameters()}


def detect(net, name, dtype):
    net.eval()
    with torch.no_grad():
        result = forward(net, name, IMAGES, None, dtype)
    net.train()
    return result["found"]


def make(mask, path):
    fixture = Fixture()
    margin, name = choose_input(mask)
    fixture.note("input.name", name)
    fixture.note("margin", margin)
    runs = {}
    for dtype in (torch.float64, torch.float32):
        net = model(dtype, mask)
        result = forward(net, name, IMAGES, targets(BOXES, LABELS, IMAGES[2:], dtype), dtype)
        result["detections"] = detect(net, name, dtype)
        result["history"] = ten_steps(net, name, dtype)
        runs[dtype] = result
    truth, single = runs[torch.float64], runs[torch.float32]
    for level, value in enumerate(truth["pyramid"].values(), 2):
        fixture.digest(f"p{level}", value.permute(0, 2, 3, 1))
    for i in range(2):
        fixture.add(f"boxes.{i}", BOXES[i])
        fixture.integers(f"labels.{i}", LABELS[i])
        fixture.add(f"proposals.{i}", truth["proposals"][i])
        found, other = truth["detections"][i], single["detections"][i]
        assert torch.equal(found["labels"], other["labels"]), i
        print("image", i, len(truth["proposals"][i]), "proposals", len(found["labels"]), "detections",
              found["scores"][:3], (found["boxes"] - other["boxes"]).abs().max())
        fixture.add(f"detections.{i}.boxes", found["boxes"])
        fixture.add(f"detections.{i}.scores", found["scores"])
        fixture.integers(f"detections.{i}.labels", found["labels"])
        if mask:
            fixture.digest(f"detections.{i}.masks", found["masks"], 256)
    names = sorted(truth["losses"])
    fixture.note("loss.names", names)
    for key in names:
        fixture.double(f"loss.{key}", truth["losses"][key])
        print("loss", key, truth["losses"][key].item(), "float32", single["losses"][key].item())
    fixture.double("steps.losses", truth["history"])
    off = (single["history"] / truth["history"] - 1).abs().max(1).values
    print(truth["history"], off)
    fixture.note("steps.float32_error", off.tolist())

    margin, small = choose_small(mask)
    fixture.note("small.name", small)
    fixture.note("small.margin", margin)
    terms, full = gradients(small, mask, torch.float64)
    fixture.add("small.boxes", SMALL_BOXES[0])
    fixture.integers("small.labels", SMALL_LABELS[0])
    for key, value in terms.items():
        fixture.double(f"small.loss.{key}", value)
    keys = list(full)
    at = torch.stack([torch.from_numpy(positions(n, full[n].numel(), SAMPLES)) for n in keys])
    fixture.note("gradient.names", keys)
    fixture.integers("gradient.positions", at)
    fixture.add("gradient.samples", torch.stack([full[n].reshape(-1)[a] for n, a in zip(keys, at)]))
    fixture.double("gradient.norm", torch.stack([full[n].norm() for n in keys]))
    fixture.double("gradient.sum", torch.stack([full[n].sum() for n in keys]))
    float32 = gradients(small, mask, torch.float32)[1]
    error = {n: float((float32[n] - g).norm() / g.norm()) for n, g in full.items()}
    worst = max(error, key=error.get)
    print("float32 gradient", worst, error[worst], "norms", min(g.norm() for g in full.values()))
    fixture.note("gradient.float32_error", error[worst])
    fixture.save(path)


if __name__ == "__main__":
    for name in sys.argv[1:] or ["faster", "mask"]:
        make(name == "mask", f"{name}.safetensors")
