"""torchvision's ResNet-50 as a frozen backbone: eval mode, channels last, no gradients. A peer for launch/bench.sh.

Usage: peer_torch_backbone.py [--h 480 --w 640 --batch 2 --iters 5 --threads 2]
"""
import argparse
import resource
import statistics
import time

import torch
import torchvision

parser = argparse.ArgumentParser()
parser.add_argument("--h", type=int, default=480)
parser.add_argument("--w", type=int, default=640)
parser.add_argument("--batch", type=int, default=2)
parser.add_argument("--iters", type=int, default=5)
parser.add_argument("--threads", type=int, default=2)
arguments = parser.parse_args()

torch.manual_seed(0)
torch.set_num_threads(arguments.threads)
network = torchvision.models.resnet50(weights=None).eval().to(memory_format=torch.channels_last)
stages = (network.layer1, network.layer2, network.layer3, network.layer4)
images = torch.rand(arguments.batch, 3, arguments.h, arguments.w).contiguous(memory_format=torch.channels_last)


def forward():
    maps = [network.maxpool(network.relu(network.bn1(network.conv1(images))))]
    for stage in stages:
        maps.append(stage(maps[-1]))
    return maps[1:]


seconds = []
with torch.no_grad():
    for _ in range(arguments.iters + 2):
        start = time.perf_counter()
        forward()
        seconds.append(time.perf_counter() - start)
median = statistics.median(seconds[2:])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(f"RESULT resnet50 {arguments.h}x{arguments.w} b{arguments.batch} median {median:.4f} s  peakRSS {peak / 1e6:.2f} GB")
