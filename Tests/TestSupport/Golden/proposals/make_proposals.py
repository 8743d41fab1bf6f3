"""Makes cases.json and recall.json for the tests of the proposals.

cases.json: colour conversions by OpenCV (Lab by its definition), smoothing by SciPy, and segmentations and
groupings by the plain algorithms below, which follow the papers line by line and share nothing with the program.
recall.json: recall of OpenCV's fast selective search on six photographs of the built-in set.

Made with Python 3.11, NumPy, SciPy and opencv-contrib-python; their versions are written into the files.
Usage: python make_proposals.py PATH/TO/Sources/AlignDetCLI/BuiltIn/bccd
"""

import json
import sys

import cv2
import numpy as np
import scipy
from scipy.ndimage import gaussian_filter

VERSIONS = {"opencv": cv2.__version__, "numpy": np.__version__, "scipy": scipy.__version__}


def colours(rng):
    edge = [0, 1, 10, 11, 127, 128, 254, 255]
    grid = [(r, g, b) for r in edge for g in edge for b in edge]
    rgb = np.array(grid + rng.integers(0, 256, (488, 3)).tolist(), np.uint8)
    strip = np.ascontiguousarray(rgb[None, :, ::-1])
    return {
        "rgb": rgb.ravel().tolist(),
        "hsv": cv2.cvtColor(strip, cv2.COLOR_BGR2HSV)[0].ravel().tolist(),
        "lab": lab(rgb).ravel().round(3).tolist(),
        "intensity": cv2.cvtColor(strip, cv2.COLOR_BGR2GRAY)[0].ravel().tolist(),
    }


def lab(rgb):
    """By the formulas of IEC 61966-2-1 and CIE 15; OpenCV's conversion of bytes errs by up to 1.6 levels."""
    share = rgb / 255
    light = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    matrix = [[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]
    xyz = light @ np.transpose(matrix) / (0.950456, 1, 1.088754)
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116).T
    return np.stack([(116 * y - 16) * 2.55, 500 * (x - y) + 128, 200 * (y - z) + 128], 1)


def smoothing(rng):
    samples = rng.integers(0, 256, (7, 19), np.uint8)
    out = gaussian_filter(samples.astype(float), 0.8, mode="mirror", radius=3)
    return {"width": 19, "height": 7, "sigma": 0.8, "samples": samples.ravel().tolist(), "values": out.ravel().tolist()}


def picture(rng):
    """A background and a few patches, all noisy."""
    image = np.full((36, 48, 3), (90, 120, 70), float)
    for _ in range(9):
        x, y = rng.integers(0, 40), rng.integers(0, 28)
        w, h = rng.integers(5, 18, 2)
        image[y : y + h, x : x + w] = rng.integers(0, 256, 3)
    return np.clip(image + rng.normal(0, 9, image.shape), 0, 255).astype(np.uint8)


def segment(image, scale, minimum):
    """Felzenszwalb and Huttenlocher 2004 without smoothing, distances rounded to 1/16."""
    h, w, _ = image.shape
    values = image.astype(float)
    edges = []
    for y in range(h):
        for x in range(w):
            for dy, dx in [(0, 1), (1, 0), (1, 1), (1, -1)]:
                if y + dy < h and 0 <= x + dx < w:
                    d = 16 * np.sqrt(((values[y, x] - values[y + dy, x + dx]) ** 2).sum())
                    # Single precision must round to the same side.
                    assert abs(d % 1 - 0.5) > 2.5e-7 * d, "take another picture"
                    edges.append((round(d) / 16, y * w + x, (y + dy) * w + x + dx))
    edges.sort(key=lambda e: e[0])
    members = {i: [i] for i in range(h * w)}
    owner = list(range(h * w))
    inside = dict.fromkeys(range(h * w), 0.0)

    def join(a, b, weight):
        if len(members[a]) < len(members[b]):
            a, b = b, a
        for i in members[b]:
            owner[i] = a
        members[a] += members.pop(b)
        inside[a] = weight

    for weight, i, j in edges:
        a, b = owner[i], owner[j]
        if a != b and all(weight <= inside[c] + scale / len(members[c]) for c in (a, b)):
            join(a, b, weight)
    for weight, i, j in edges:
        a, b = owner[i], owner[j]
        if a != b and min(len(members[a]), len(members[b])) < minimum:
            join(a, b, weight)
    numbers = {}
    return np.array([numbers.setdefault(o, len(numbers)) for o in owner]).reshape(h, w)


def histograms(image, labels):
    """Rows of texture (channel, axis, sign, 10 bins) and of colour (channel, 25 bins), each adding up to 1."""
    texture, colour = [], []
    for c in range(3):
        plane = image[:, :, c]
        gx, gy = cv2.Scharr(plane, cv2.CV_32F, 1, 0), cv2.Scharr(plane, cv2.CV_32F, 0, 1)
        for g in (gx, gy, gx + gy, gx - gy):
            for half in (np.maximum(g, 0), np.minimum(g, 0)):
                low, high = half.min(), half.max()
                texture.append((np.rint((half - low) / (high - low) * 255) / 25.6).astype(int))
        colour.append((plane / (256 / 25)).astype(int))

    def count(maps, bins, region):
        rows = [np.bincount(m[labels == region], minlength=bins) for m in maps]
        return np.concatenate(rows) / np.sum(rows)

    regions = range(labels.max() + 1)
    return [count(texture, 10, r) for r in regions], [count(colour, 25, r) for r in regions]


def group(image, labels, measures):
    """Uijlings et al. 2013, algorithm 1; the rectangles (x1, y1, x2, y2) of all regions in order of creation."""
    texture, colour = histograms(image, labels)
    regions = []
    for r in range(labels.max() + 1):
        ys, xs = np.nonzero(labels == r)
        box = (xs.min(), ys.min(), xs.max() + 1, ys.max() + 1)
        regions.append({"size": len(xs), "box": box, "texture": texture[r], "colour": colour[r]})
    h, w = labels.shape
    pairs = set()
    for y in range(h):
        for x in range(w):
            for dy, dx in [(0, 1), (1, 0), (1, 1), (1, -1)]:
                if y + dy < h and 0 <= x + dx < w and labels[y, x] != labels[y + dy, x + dx]:
                    pairs.add(frozenset((int(labels[y, x]), int(labels[y + dy, x + dx]))))

    def union(a, b):
        return (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))

    def similarity(pair):
        a, b = (regions[i] for i in pair)
        box, size = union(a["box"], b["box"]), a["size"] + b["size"]
        parts = {
            "colour": np.minimum(a["colour"], b["colour"]).sum(),
            "texture": np.minimum(a["texture"], b["texture"]).sum(),
            "size": 1 - size / (h * w),
            "fill": 1 - ((box[2] - box[0]) * (box[3] - box[1]) - size) / (h * w),
        }
        return sum(parts[m] for m in measures)

    while pairs:
        ranked = sorted(((similarity(p), sorted(p)) for p in pairs), reverse=True)
        if len(ranked) > 1:
            assert ranked[0][0] - ranked[1][0] > 1e-5, "take another picture"
        i, j = ranked[0][1]
        a, b, new = regions[i], regions[j], len(regions)
        size = a["size"] + b["size"]
        merged = {"size": size, "box": union(a["box"], b["box"])}
        for kind in ("texture", "colour"):
            merged[kind] = (a[kind] * a["size"] + b[kind] * b["size"]) / size
        regions.append(merged)
        pairs = {frozenset(new if k in (i, j) else k for k in p) for p in pairs}
        pairs = {p for p in pairs if len(p) == 2}
    return [[int(v) for v in r["box"]] for r in regions]


def cases(seed):
    rng = np.random.default_rng(seed)
    out = {"versions": VERSIONS, "colours": colours(rng), "smoothing": smoothing(rng)}
    image = picture(rng)
    broad = ["colour", "texture", "size", "fill"]
    maps = []
    for scale, minimum in [(100, 1), (400, 1), (300, 6)]:
        labels = segment(image, scale, minimum)
        maps.append({"scale": scale, "minimum": minimum, "labels": labels.ravel().tolist()})
    texture, colour = histograms(image, labels)
    out["picture"] = {
        "width": 48,
        "height": 36,
        "rgb": image.ravel().tolist(),
        "segmentations": maps,
        "texture": np.concatenate(texture).round(7).tolist(),
        "colour": np.concatenate(colour).round(7).tolist(),
        "groupings": [
            {"measures": m, "boxes": group(image, labels, m)} for m in (broad, broad[1:], ["colour", "size"], ["texture", "fill"])
        ],
    }
    return out


def overlap(a, b):
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    i = max(w, 0) * max(h, 0)
    return i / (a[2] * a[3] + b[2] * b[3] - i)


def recall(folder):
    with open(f"{folder}/annotations/instances_val.json") as f:
        truth = json.load(f)
    images, found, total = [], [0, 0], 0
    for record in sorted(truth["images"], key=lambda i: i["file_name"])[::12]:
        boxes = [a["bbox"] for a in truth["annotations"] if a["image_id"] == record["id"]]
        search = cv2.ximgproc.segmentation.createSelectiveSearchSegmentation()
        search.setBaseImage(cv2.imread(f"{folder}/images/val/{record['file_name']}"))
        search.switchToSelectiveSearchFast()
        proposals = search.process()[:1000].tolist()
        best = [max(overlap(p, b) for p in proposals) for b in boxes]
        found = [found[0] + sum(v >= 0.5 for v in best), found[1] + sum(v >= 0.7 for v in best)]
        total += len(boxes)
        images.append({"file": record["file_name"], "id": record["id"], "boxes": boxes})
    return {
        "versions": VERSIONS, "images": images, "proposalsPerImage": 1000,
        "recallAt50": found[0] / total, "recallAt70": found[1] / total,
    }


if __name__ == "__main__":
    for seed in range(1000):
        try:
            made = cases(seed) | {"seed": seed}
            break
        except AssertionError:
            continue
    else:
        sys.exit("no seed below 1000 gives pictures without ties")
    with open("cases.json", "w") as f:
        json.dump(made, f, separators=(",", ":"))
    with open("recall.json", "w") as f:
        json.dump(recall(sys.argv[1]), f, indent=1)
