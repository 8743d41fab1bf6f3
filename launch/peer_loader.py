"""Images a second that Pillow and torchvision make ready on one core: decode, resize so that the short side is one of a list,
mirror half of them, normalise. The peer of `aligndet-mpi bench loader`.

    python launch/peer_loader.py FOLDER --short-side 800 --long-side 1333 [--count 64 --rounds 5]

Prints one line of JSON with the median over the rounds.
"""

import argparse
import json
import pathlib
import random
import statistics
import time

import torch
import torchvision.transforms.functional as functional
from PIL import Image

parser = argparse.ArgumentParser()
parser.add_argument("folder")
parser.add_argument("--short-side", type=int, default=800)
parser.add_argument("--long-side", type=int, default=1333)
parser.add_argument("--count", type=int, default=64)
parser.add_argument("--rounds", type=int, default=5)
arguments = parser.parse_args()

torch.set_num_threads(1)
random.seed(0)
paths = sorted(p for p in pathlib.Path(arguments.folder).iterdir() if p.suffix.lower() in (".jpg", ".jpeg", ".png"))
paths = paths[:arguments.count]
mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def ready(path):
    image = Image.open(path).convert("RGB")
    width, height = image.size
    factor = min(arguments.long_side / max(width, height), arguments.short_side / min(width, height))
    image = functional.resize(image, [int(height * factor + 0.5), int(width * factor + 0.5)])
    if random.random() < 0.5:
        image = functional.hflip(image)
    return functional.normalize(functional.to_tensor(image), mean, std)


seconds = []
for _ in range(arguments.rounds):
    start = time.perf_counter()
    for path in paths:
        ready(path)
    seconds.append(time.perf_counter() - start)
print(json.dumps({
    "case": f"Pillow and torchvision, short side {arguments.short_side}", "images": len(paths),
    "images_per_s": len(paths) / statistics.median(seconds),
}))
