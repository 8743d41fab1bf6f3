"""Small maps pasted into pictures by torch's `grid_sample`, pixel centres at .5, 0 outside; inside from 0.5 on.

Run in this folder: python make_paste.py. Made with torch 2.15.0, numpy 2.4.6, safetensors 0.8.0.
"""

import sys

sys.path.insert(0, "..")
import torch
import torch.nn.functional as F

from golden_weights import Fixture, tensor

WIDTH, HEIGHT, SIZE = 31, 23, 7
BOXES = [[2.3, 3.7, 20.1, 18.9], [-6.5, -4.25, 12.0, 30.0], [10.0, 5.0, 11.2, 20.0], [25.5, 1.0, 40.0, 9.5]]


def main():
    maps = tensor("paste.maps", (len(BOXES), SIZE, SIZE), 0.5, 0.5)
    boxes = torch.tensor(BOXES, dtype=torch.float64)
    x, y = torch.arange(WIDTH) + 0.5, torch.arange(HEIGHT) + 0.5
    x = (x[None] - boxes[:, 0:1]) / (boxes[:, 2:3] - boxes[:, 0:1]) * 2 - 1
    y = (y[None] - boxes[:, 1:2]) / (boxes[:, 3:4] - boxes[:, 1:2]) * 2 - 1
    grid = torch.stack([x[:, None, :].expand(-1, HEIGHT, -1), y[:, :, None].expand(-1, -1, WIDTH)], 3)
    values = F.grid_sample(maps[:, None], grid, align_corners=False)[:, 0]
    print("margin", float((values - 0.5).abs().min()), "inside", (values >= 0.5).sum((1, 2)))
    fixture = Fixture()
    fixture.add("maps", maps)
    fixture.add("boxes", boxes)
    fixture.integers("size", [WIDTH, HEIGHT])
    fixture.integers("pixels", values >= 0.5)
    fixture.save("paste.safetensors")


if __name__ == "__main__":
    main()
