"""Times OpenCV contrib's selective search ("fast") beside this program's on the photographs of a COCO file, one core
each, and compares how many of the true boxes the first 1000 proposals of each find. Prints one row of a Markdown table.

  peer_opencv_proposals.py PROGRAM NAME ANNOTATIONS IMAGES [LIMIT]

OpenCV's time is that of `process` alone; this program's is that of a whole run, start, decoding and writing included,
divided by the number of images.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import cv2
import numpy as np

COUNT = 1000


def best_overlaps(truth, boxes):
    """The largest intersection over union of each true box with any of `boxes`, all as [x, y, w, h]."""
    truth, boxes = np.asarray(truth, float), np.asarray(boxes, float).reshape(-1, 4)
    if not len(boxes):
        return np.zeros(len(truth))
    a, b = truth[:, None], boxes[None]
    width = np.minimum(a[..., 0] + a[..., 2], b[..., 0] + b[..., 2]) - np.maximum(a[..., 0], b[..., 0])
    height = np.minimum(a[..., 1] + a[..., 3], b[..., 1] + b[..., 3]) - np.maximum(a[..., 1], b[..., 1])
    shared = np.clip(width, 0, None) * np.clip(height, 0, None)
    return (shared / (a[..., 2] * a[..., 3] + b[..., 2] * b[..., 3] - shared)).max(1)


def ours(program, annotations, folder, image_folder, images):
    part, out = os.path.join(folder, "part.json"), os.path.join(folder, "out.json")
    with open(part, "w") as file:
        json.dump(dict(annotations, images=images, annotations=[]), file)
    command = [program, "proposals", part, "--images", image_folder, "--out", out, "--filter", "none"]
    start = time.perf_counter()
    subprocess.run(command, check=True, env=dict(os.environ, OMP_NUM_THREADS="1"), stderr=subprocess.DEVNULL)
    seconds = (time.perf_counter() - start) / len(images)
    boxes = {}
    with open(out) as file:
        for annotation in json.load(file)["annotations"]:
            boxes.setdefault(annotation["image_id"], []).append(annotation["bbox"])
    return boxes, seconds


def peer(path):
    image = cv2.imread(path)
    search = cv2.ximgproc.segmentation.createSelectiveSearchSegmentation()
    search.setBaseImage(image)
    search.switchToSelectiveSearchFast()
    start = time.perf_counter()
    boxes = search.process()
    return boxes, time.perf_counter() - start


def main():
    program, name, path, image_folder = sys.argv[1:5]
    with open(path) as file:
        annotations = json.load(file)
    images = annotations["images"][: int(sys.argv[5]) if len(sys.argv) > 5 else None]
    truth = {}
    for annotation in annotations["annotations"]:
        if not annotation.get("iscrowd"):
            truth.setdefault(annotation["image_id"], []).append(annotation["bbox"])
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        own, own_seconds = ours(program, annotations, folder, image_folder, images)
    own_best, peer_best, times = [], [], []
    for image in images:
        boxes, seconds = peer(os.path.join(image_folder, image["file_name"]))
        times.append(seconds)
        if truth.get(image["id"]):
            own_best.extend(best_overlaps(truth[image["id"]], own.get(image["id"], [])[:COUNT]))
            peer_best.extend(best_overlaps(truth[image["id"]], boxes[:COUNT]))
    recall = [
        f"{np.mean(np.array(best) >= threshold):.3f}" for threshold in (0.5, 0.7) for best in (own_best, peer_best)
    ]
    mean = statistics.mean(times)
    print(
        f"| {name}, {len(images)} photographs, {len(own_best)} boxes | {own_seconds:.3f} | {mean:.3f} "
        f"| {mean / own_seconds:.1f} | {recall[0]} | {recall[1]} | {recall[2]} | {recall[3]} |"
    )


main()
