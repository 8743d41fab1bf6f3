"""Peer baseline: one supervised training step of DETR R50 (Carion et al. 2020) in PyTorch on the CPU, nothing frozen.

Usage: peer_torch_detr.py --h 480 --w 640 --batch 2 --mode cl|nchw|bf16
torchvision's ResNet-50, PyTorch's own attention, scipy's assignment, losses on all six decoder layers, AdamW, clipping.
"""
import argparse
import math
import resource
import time

import torch
import torch.nn.functional as F
import torchvision
from scipy.optimize import linear_sum_assignment
from torch import nn
from torchvision.ops import generalized_box_iou

WIDTH, HEADS, HIDDEN, LAYERS, QUERIES, CLASSES = 256, 8, 2048, 6, 100, 80


class Layer(nn.Module):
    def __init__(self, crosses):
        super().__init__()
        self.attention = nn.MultiheadAttention(WIDTH, HEADS, dropout=0.1, batch_first=True)
        self.cross = nn.MultiheadAttention(WIDTH, HEADS, dropout=0.1, batch_first=True) if crosses else None
        self.feed = nn.Sequential(
            nn.Linear(WIDTH, HIDDEN), nn.ReLU(), nn.Dropout(0.1), nn.Linear(HIDDEN, WIDTH)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(3 if crosses else 2))
        self.drop = nn.Dropout(0.1)

    def forward(self, x, place, memory=None, memory_place=None):
        q = x + place
        x = self.norms[0](x + self.drop(self.attention(q, q, x, need_weights=False)[0]))
        if self.cross is not None:
            read = self.cross(x + place, memory + memory_place, memory, need_weights=False)[0]
            x = self.norms[1](x + self.drop(read))
        return self.norms[-1](x + self.drop(self.feed(x)))


class DETR(nn.Module):
    def __init__(self):
        super().__init__()
        body = torchvision.models.resnet50(weights=None)
        self.backbone = nn.Sequential(*list(body.children())[:-2])
        self.project = nn.Conv2d(2048, WIDTH, 1)
        self.encoder = nn.ModuleList(Layer(False) for _ in range(LAYERS))
        self.decoder = nn.ModuleList(Layer(True) for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH)
        self.queries = nn.Parameter(torch.randn(QUERIES, WIDTH))
        self.classes = nn.Linear(WIDTH, CLASSES + 1)
        sizes = (WIDTH, WIDTH, WIDTH, 4)
        self.boxes = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))

    def places(self, height, width):
        """Sine encoding of rows and columns, 128 numbers each."""
        every = []
        for count in (height, width):
            at = (torch.arange(count) + 1) / (count + 1e-6) * 2 * math.pi
            rate = 10000 ** (2 * torch.div(torch.arange(WIDTH // 2), 2, rounding_mode="floor") / (WIDTH // 2))
            angle = at[:, None] / rate
            every.append(torch.stack([angle[:, 0::2].sin(), angle[:, 1::2].cos()], 2).flatten(1))
        rows, columns = every
        return torch.cat(
            [rows[:, None].expand(-1, width, -1), columns[None].expand(height, -1, -1)], 2
        ).flatten(0, 1)[None]

    def forward(self, images):
        maps = self.project(self.backbone(images))
        place = self.places(*maps.shape[2:])
        memory = maps.flatten(2).transpose(1, 2)
        for layer in self.encoder:
            memory = layer(memory, place)
        query = self.queries[None].expand(len(images), -1, -1)
        x, outputs = torch.zeros_like(query), []
        for layer in self.decoder:
            x = layer(x, query, memory, place)
            outputs.append(self.norm(x))
        hidden = torch.stack(outputs)
        logits, boxes = self.classes(hidden), hidden
        for i, layer in enumerate(self.boxes):
            boxes = layer(boxes).relu() if i < 2 else layer(boxes).sigmoid()
        return logits, boxes


def corners(boxes):
    centre, half = boxes[..., :2], boxes[..., 2:] / 2
    return torch.cat([centre - half, centre + half], -1)


def loss(logits, boxes, targets):
    """Of one decoder layer."""
    labels = torch.full(logits.shape[:2], CLASSES)
    predicted, wanted = [], []
    for i, (goal, label) in enumerate(targets):
        with torch.no_grad():
            cost = 5 * torch.cdist(boxes[i].float(), goal, p=1) - logits[i].float().softmax(1)[:, label]
            cost = cost - 2 * generalized_box_iou(corners(boxes[i].float()), corners(goal))
        query, own = map(torch.as_tensor, linear_sum_assignment(cost))
        labels[i, query] = label[own]
        predicted.append(boxes[i, query])
        wanted.append(goal[own])
    predicted, wanted = torch.cat(predicted).float(), torch.cat(wanted)
    weight = torch.ones(CLASSES + 1)
    weight[-1] = 0.1
    overlap = torch.diag(generalized_box_iou(corners(predicted), corners(wanted)))
    box = 5 * F.l1_loss(predicted, wanted, reduction="sum") + 2 * (1 - overlap).sum()
    return F.cross_entropy(logits.float().transpose(1, 2), labels, weight) + box / len(wanted)


def main():
    parser = argparse.ArgumentParser()
    for name, value in (("h", 480), ("w", 640), ("batch", 2), ("iters", 3), ("threads", 2)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--mode", default="cl", choices=["cl", "nchw", "bf16"])
    a = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(a.threads)
    net = DETR().train()
    if a.mode != "nchw":
        net = net.to(memory_format=torch.channels_last)
    rule = torch.optim.AdamW(net.parameters(), lr=1e-4, weight_decay=1e-4)
    times = []
    for i in range(a.iters + 1):
        images = torch.randn(a.batch, 3, a.h, a.w)
        if a.mode != "nchw":
            images = images.contiguous(memory_format=torch.channels_last)
        targets = []
        for _ in range(a.batch):
            centre, size = torch.rand(8, 2) * 0.6 + 0.2, torch.rand(8, 2) * 0.3 + 0.03
            targets.append((torch.cat([centre, size], 1), torch.randint(0, CLASSES, (8,))))
        start = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=a.mode == "bf16"):
            logits, boxes = net(images)
        total = sum(loss(l, b, targets) for l, b in zip(logits, boxes))
        rule.zero_grad()
        total.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 0.1)
        rule.step()
        if i:
            times.append(time.perf_counter() - start)
        print(f"detr {a.mode} step {time.perf_counter() - start:.3f} loss {total.item():.3f}", flush=True)
    middle = sorted(times)[len(times) // 2]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"RESULT detr_resnet50 {a.mode} {a.h}x{a.w} b{a.batch} median {middle:.3f} s/step "
        f"{a.batch / middle:.2f} img/s peakRSS {peak:.2f} GB"
    )


if __name__ == "__main__":
    main()
