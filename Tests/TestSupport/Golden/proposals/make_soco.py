"""Makes soco.json for the tests of SoCo's search: three small pictures with the segmentation, the features and the
rectangles that SoCo's published search gives.

Segmentation, patterns and the Gaussian come from scikit-image itself; grouping is written out below by SoCo's description,
pair by pair, with Python's own dictionaries for the order. Pictures are noisy, so that no two edges weigh the same and the
unstable sort of scikit-image cannot show.

Made with scikit-image and NumPy; their versions are written into the file. Usage: python make_soco.py
"""

import json
import pathlib

import numpy as np
import skimage
from skimage.feature import local_binary_pattern
from skimage.segmentation import felzenszwalb


def picture(rng, width, height, patches):
    image = np.full((height, width, 3), (90, 120, 70), float)
    for _ in range(patches):
        x, y = rng.integers(0, width - 8), rng.integers(0, height - 8)
        w, h = rng.integers(8, 30, 2)
        image[y : y + h, x : x + w] = rng.integers(0, 256, 3)
    return np.clip(image + rng.normal(0, 7, image.shape), 0, 255).astype(np.uint8)


def histogram(values, bins):
    return np.histogram(values, bins, (0.0, 255.0))[0]


def regions(image, labels):
    patterns = np.stack([local_binary_pattern(image[:, :, c], 8, 1.0) for c in range(3)], 2)
    value = image.max(2).astype(float)
    found = {}
    for label in range(labels.max() + 1):
        inside = labels == label
        ys, xs = np.nonzero(inside)
        size = int(inside.sum())
        # Hue and saturation end at 1, so each adds a first bin of 1.
        flat = np.zeros(25)
        flat[0] = 1
        colour = np.concatenate([flat, flat, histogram(value[inside], 25) / size])
        texture = np.concatenate([histogram(patterns[:, :, c][inside], 10) for c in range(3)]) / size
        found[label] = {
            "x1": int(xs.min()), "y1": int(ys.min()), "x2": int(xs.max()), "y2": int(ys.max()), "size": size,
            "colour": colour, "texture": texture,
        }
    return found


def similarity(a, b, area):
    colour = sum(min(x, y) for x, y in zip(a["colour"], b["colour"]))
    texture = sum(min(x, y) for x, y in zip(a["texture"], b["texture"]))
    box = (max(a["x2"], b["x2"]) - min(a["x1"], b["x1"])) * (max(a["y2"], b["y2"]) - min(a["y1"], b["y1"]))
    return colour + texture + (1 - (a["size"] + b["size"]) / area) + (1 - (box - a["size"] - b["size"]) / area)


def merged(a, b):
    size = a["size"] + b["size"]
    mix = lambda key: (a[key] * a["size"] + b[key] * b["size"]) / size
    return {
        "x1": min(a["x1"], b["x1"]), "y1": min(a["y1"], b["y1"]), "x2": max(a["x2"], b["x2"]),
        "y2": max(a["y2"], b["y2"]), "size": size, "colour": mix("colour"), "texture": mix("texture"),
    }


def corner_inside(a, b):
    return any(
        a["x1"] < b[x] < a["x2"] and a["y1"] < b[y] < a["y2"]
        for x, y in (("x1", "y1"), ("x2", "y2"), ("x1", "y2"), ("x2", "y1"))
    )


def rectangles(found, area):
    pairs = {}
    labels = sorted(found)
    for i, a in enumerate(labels):
        for b in labels[i + 1 :]:
            if corner_inside(found[a], found[b]):
                pairs[a, b] = similarity(found[a], found[b], area)
    while pairs:
        best = max(pairs.values())
        a, b = [pair for pair, value in pairs.items() if value == best][-1]
        new = max(found) + 1
        found[new] = merged(found[a], found[b])
        touched = [pair for pair in pairs if a in pair or b in pair]
        for pair in touched:
            del pairs[pair]
        for pair in touched:
            if pair == (a, b):
                continue
            other = pair[1] if pair[0] in (a, b) else pair[0]
            pairs[new, other] = similarity(found[new], found[other], area)
    return [[r["x1"], r["y1"], r["x2"] - r["x1"], r["y2"] - r["y1"]] for r in found.values()]


def case(rng, width, height, patches):
    image = picture(rng, width, height, patches)
    labels = felzenszwalb(skimage.util.img_as_float(image), scale=300, sigma=0.9, min_size=100)
    found = regions(image, labels)
    boxes = rectangles(found, width * height)
    print(width, height, labels.max() + 1, len(boxes))
    return {
        "width": width, "height": height, "rgb": image.ravel().tolist(), "labels": labels.ravel().tolist(),
        "patterns": local_binary_pattern(image[:, :, 0], 8, 1.0).astype(int).ravel().tolist(), "boxes": boxes,
    }


rng = np.random.default_rng(20231)
cases = [case(rng, 96, 80, 9), case(rng, 70, 110, 14), case(rng, 120, 60, 20)]
out = {"versions": {"skimage": skimage.__version__, "numpy": np.__version__}, "cases": cases}
path = pathlib.Path(__file__).parent / "soco.json"
path.write_text(json.dumps(out, separators=(",", ":")))
print(path.stat().st_size)
