"""Polygons and bitmaps as pycocotools encodes them: counts, text, area, bounding box.

Run in this folder: python make_masks.py. Made with pycocotools 2.0.11, numpy 2.4.6.
"""

import json
import math
import random

import numpy
from pycocotools import mask


def counts(encoded):
    """Run lengths down the columns of a mask."""
    flat = mask.decode(encoded).T.reshape(-1)
    edges = numpy.flatnonzero(numpy.diff(numpy.concatenate([[0], flat]))).tolist()
    return [b - a for a, b in zip([0] + edges, edges + [len(flat)])]


def polygon(generator, kind, width, height):
    cx, cy, r = generator.uniform(0, width), generator.uniform(0, height), generator.uniform(1, width * 0.7)
    corners = generator.randint(3, 24)
    points = []
    for i in range(corners):
        angle = 2 * math.pi * i / corners
        reach = r * generator.uniform(0.3, 1) if kind != "smooth" else r
        points += [cx + reach * math.cos(angle), cy + reach * math.sin(angle)]
    if kind == "tenths":  # where rounding to fifths is decided by the last bit
        points = [round(value, 1) for value in points]
    elif kind == "hundredths":
        points = [round(value, 2) for value in points]
    elif kind == "inside":
        points = [min(max(value, 0), (width, height)[i % 2]) for i, value in enumerate(points)]
    elif kind == "repeated":
        points = points[:2] + points[:2] + points
    return points


def main():
    generator = random.Random(7)
    cases = []
    for i in range(120):
        width, height = generator.randint(1, 60), generator.randint(1, 50)
        kind = ["smooth", "jagged", "tenths", "hundredths", "inside", "repeated"][i % 6]
        parts = [polygon(generator, kind, width, height) for _ in range(1 + i % 3 // 2)]
        encoded = mask.frPyObjects(parts, height, width)
        union = mask.merge(encoded)
        cases.append({
            "width": width, "height": height, "polygons": parts, "text": union["counts"].decode(),
            "parts": [part["counts"].decode() for part in encoded], "counts": counts(union),
            "area": int(mask.area(union)), "bbox": mask.toBbox(union).tolist(),
        })
    with open("polygons.json", "w") as file:
        json.dump(cases, file)
    print(len(cases), "cases", sum(case["area"] == 0 for case in cases), "empty")


if __name__ == "__main__":
    main()
