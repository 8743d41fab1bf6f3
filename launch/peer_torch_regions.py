"""torchvision's operations on regions: a peer for launch/bench.sh, at the sizes of `aligndet-mpi bench ops`.

Usage: peer_torch_regions.py CASE [--iters 5 --threads 2]   CASE: roi-align-forward, roi-align-backward, nms
"""
import argparse
import resource
import statistics
import time

import torch
from torchvision.ops import nms, roi_align

parser = argparse.ArgumentParser()
parser.add_argument("case", choices=["roi-align-forward", "roi-align-backward", "nms"])
parser.add_argument("--iters", type=int, default=5)
parser.add_argument("--threads", type=int, default=2)
arguments = parser.parse_args()

torch.manual_seed(0)
torch.set_num_threads(arguments.threads)


def random_boxes(count):
    sides = 16 + 200 * torch.rand(count, 2)
    corner = torch.rand(count, 2) * (640 - sides)
    return torch.cat([corner, corner + sides], 1)


def align(map, boxes):
    return roi_align(map, [boxes], 7, spatial_scale=0.25, sampling_ratio=2, aligned=True)


def prepare():
    """What one repetition works on, outside the time: its body."""
    if arguments.case == "nms":
        boxes, scores = random_boxes(8000), torch.rand(8000)
        return lambda: nms(boxes, scores, 0.7)
    map = torch.rand(1, 256, 160, 160, requires_grad=arguments.case == "roi-align-backward")
    boxes = random_boxes(1024)
    if arguments.case == "roi-align-forward":
        return lambda: align(map, boxes)
    output = align(map, boxes)
    gradient = torch.rand_like(output)
    return lambda: output.backward(gradient)


seconds = []
for _ in range(arguments.iters + 2):
    body = prepare()
    start = time.perf_counter()
    body()
    seconds.append(time.perf_counter() - start)
median = statistics.median(seconds[2:])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(f"RESULT {arguments.case} median {median:.4f} s  peakRSS {peak / 1e6:.2f} GB")
