"""Masks by COCO's rules, boxes and masks by LVIS's, boxes by VOC's: generated ground truth and results with the numbers that
pycocotools, lvis and the VOC development kit's two averages, written out below, give for them.

Run in this folder: python make_scoring.py. Made with pycocotools 2.0.11, lvis 0.5.3, numpy 2.4.6.
"""

import contextlib
import copy
import io
import json
import math
import random

import numpy as np
from lvis import LVIS, LVISEval, LVISResults
from pycocotools import mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

np.float = float  # which lvis asks for, and numpy no longer has
WIDTH, HEIGHT = 120, 90


def dump(value, path):
    with open(path, "w") as file:
        json.dump(value, file, separators=(",", ":"))


def mean(values):
    values = values[values > -1]
    return float(np.mean(values)) if values.size else None


def per_category(precision, ids):
    """From T R K."""
    return [
        {"id": int(c), "ap": mean(precision[:, :, k]), "ap50": mean(precision[0, :, k]), "ap75": mean(precision[5, :, k])}
        for k, c in enumerate(ids)
    ]


def shape(rng, x, y, w, h):
    """A wobbly ellipse, partly outside the picture."""
    corners = rng.randrange(5, 12)
    points = []
    for i in range(corners):
        angle, reach = 2 * math.pi * i / corners, rng.uniform(0.7, 1)
        points += [round(x + w / 2 * reach * math.cos(angle), 2), round(y + h / 2 * reach * math.sin(angle), 2)]
    return points


def runs(polygons):
    encoded = mask.merge(mask.frPyObjects(polygons, HEIGHT, WIDTH))
    return {"size": encoded["size"], "counts": encoded["counts"].decode()}


def as_list(rle):
    flat = mask.decode(rle).T.reshape(-1)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flat]))).tolist()
    return {"size": rle["size"], "counts": [b - a for a, b in zip([0] + edges, edges + [len(flat)])]}


def generated(rng, category_ids, images, extra):
    """Objects with masks and detections of them, scores in tenths so that many are equal."""
    annotations, dt = [], []
    scale = {0: 9, 1: 25, 2: 60, 3: 110}
    for image in images:
        objects = []
        for _ in range(rng.randrange(0, 9)):
            size = scale[rng.randrange(4)]
            x, y = rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT)
            objects.append((rng.choice(category_ids[:-1]), x, y, size * rng.uniform(0.6, 1.4), float(size)))
        if objects and image % 4 == 0:
            objects.append(objects[0])  # an IoU tie
        for category, x, y, w, h in objects:
            parts = [shape(rng, x, y, w, h)]
            if rng.random() < 0.2:
                parts.append(shape(rng, x + w / 2, y, w / 2, h / 2))
            rle = runs(parts)
            crowd = int(rng.random() < 0.12)
            annotations.append({
                "id": 0, "image_id": image, "category_id": category, "iscrowd": crowd,
                "bbox": [float(v) for v in mask.toBbox(rle)], "area": float(mask.area(rle)),
                "segmentation": (as_list(rle) if rng.random() < 0.5 else rle) if crowd else parts,
            })
            extra(rng, annotations[-1])
            for _ in range(rng.randrange(4)):
                s = rng.choice([0.0, 0.05, 0.15])
                moved = (x + w * rng.gauss(0, s), y + h * rng.gauss(0, s), w * (1 + s * rng.random()), h)
                kind = category if rng.random() < 0.9 else rng.choice(category_ids)
                found = runs([shape(rng, *moved)]) if s else rle
                dt.append({"image_id": image, "category_id": kind, "segmentation": found, "score": round(rng.random(), 1)})
        for _ in range(rng.randrange(6)):
            found = runs([shape(rng, rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT), 30, 20)])
            dt.append({
                "image_id": image, "category_id": rng.choice(category_ids), "segmentation": found,
                "score": round(rng.random(), 1),
            })
    rng.shuffle(annotations)
    for i, annotation in enumerate(annotations):
        annotation["id"] = 5 + 2 * i
    rng.shuffle(dt)
    return annotations, dt


def image_records(ids):
    return [{"id": i, "file_name": f"{i}.jpg", "width": WIDTH, "height": HEIGHT} for i in ids]


def masks_by_coco():
    rng = random.Random(3)
    ids = [7 * i + 3 for i in range(40)]
    annotations, dt = generated(rng, [2, 5, 9, 70], ids, lambda rng, a: None)
    gt = {
        "images": image_records(ids), "annotations": annotations,
        "categories": [{"id": c, "name": f"kind {c}"} for c in (2, 5, 9, 70)],
    }
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = copy.deepcopy(gt)
        truth.createIndex()
        run = COCOeval(truth, truth.loadRes(copy.deepcopy(dt)), "segm")
        run.evaluate()
        run.accumulate()
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        run.summarize()
    precision = run.eval["precision"]
    return gt, dt, {
        "stats": [float(v) for v in run.stats], "text": text.getvalue(),
        "perCategory": per_category(precision[..., 0, -1], run.params.catIds),
        "recallSum": float(run.eval["recall"].sum()), "precisionSum": float(precision.sum()),
        "scoreSum": float(run.eval["scores"].sum()),
    }


def evaluate_lvis(gt, dt, kind):
    truth = LVIS.__new__(LVIS)
    truth.logger = __import__("logging").getLogger("lvis")
    truth.dataset = copy.deepcopy(gt)
    truth._create_index()
    run = LVISEval(truth, LVISResults(truth, copy.deepcopy(dt)), kind)
    run.run()
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        run.print_results()
    precision = run.eval["precision"]
    return {
        "names": list(run.results), "stats": [float(v) for v in run.results.values()], "text": text.getvalue(),
        "perCategory": per_category(precision[..., 0], run.params.cat_ids),
        "recallSum": float(run.eval["recall"].sum()), "precisionSum": float(precision.sum()),
    }


def lvis_cases():
    """Federated labels, flags, more than 300 detections of an image, categories without objects."""
    rng = random.Random(11)
    ids = [3 * i + 1 for i in range(40)]
    kinds = {1: "f", 4: "c", 6: "r", 8: "f", 12: "r", 13: "c"}

    def flags(rng, annotation):
        if rng.random() < 0.15:
            annotation["ignore"] = 1
        if rng.random() < 0.04:
            annotation["area"] = 0.0  # vanishes

    annotations, dt = generated(rng, list(kinds), ids, flags)
    for n in range(340):
        found = runs([shape(rng, rng.uniform(0, WIDTH), rng.uniform(0, HEIGHT), 40, 30)])
        dt.append({
            "image_id": ids[5], "category_id": rng.choice(list(kinds)), "segmentation": found,
            "score": round(rng.random(), 2),
        })
    images = image_records(ids)
    for image in images:
        present = {a["category_id"] for a in annotations if a["image_id"] == image["id"]}
        absent = [k for k in kinds if k not in present]
        image["neg_category_ids"] = [k for k in absent if rng.random() < 0.4]
        image["not_exhaustive_category_ids"] = [k for k in present if rng.random() < 0.3]
    gt = {
        "images": images, "annotations": annotations,
        "categories": [{"id": k, "name": f"kind {k}", "frequency": f} for k, f in kinds.items()],
    }
    boxes = []
    for one in dt:
        x, y, w, h = (float(v) for v in mask.toBbox(one["segmentation"]))
        boxes.append({
            "image_id": one["image_id"], "category_id": one["category_id"], "score": one["score"],
            "bbox": [x + 0.25, y, w, h + 0.5],
        })
    return gt, dt, boxes


def voc_average(recall, precision, eleven):
    if eleven:
        ap = 0.0
        for t in np.arange(0.0, 1.1, 0.1):
            ap += (np.max(precision[recall >= t]) if np.sum(recall >= t) else 0) / 11.0
        return float(ap)
    recall = np.concatenate(([0.0], recall, [1.0]))
    precision = np.concatenate(([0.0], precision, [0.0]))
    for i in range(precision.size - 1, 0, -1):
        precision[i - 1] = np.maximum(precision[i - 1], precision[i])
    i = np.where(recall[1:] != recall[:-1])[0]
    return float(np.sum((recall[i + 1] - recall[i]) * precision[i + 1]))


def voc_category(gt, dt, category, threshold, eleven, rounds):
    """None without objects to find. Boxes of whole pixels from 1, the last one included."""
    truth, positives = {}, 0
    for image in gt["images"]:
        own = [a for a in gt["annotations"] if a["image_id"] == image["id"] and a["category_id"] == category]
        corners = [[a["bbox"][0] + 1, a["bbox"][1] + 1, a["bbox"][0] + a["bbox"][2], a["bbox"][1] + a["bbox"][3]] for a in own]
        difficult = np.array([a.get("ignore", 0) for a in own], bool)
        positives += int(sum(~difficult))
        truth[image["id"]] = (np.array(corners, float), difficult, [False] * len(own))
    found = []
    for one in dt:
        if one["category_id"] != category:
            continue
        x, y, w, h = one["bbox"]
        box, score = [x + 1, y + 1, x + w, y + h], one["score"]
        if rounds:
            box, score = [float(f"{v:.1f}") for v in box], float(f"{score:.3f}")
        found.append((one["image_id"], box, score))
    # Equal scores in the order of images, then of the results: the kit's own sort leaves it open.
    found.sort(key=lambda f: f[0])
    found.sort(key=lambda f: -f[2])
    tp, fp = np.zeros(len(found)), np.zeros(len(found))
    for n, (image, box, _) in enumerate(found):
        boxes, difficult, taken = truth[image]
        best, place = -np.inf, None
        if len(boxes):
            w = np.maximum(np.minimum(boxes[:, 2], box[2]) - np.maximum(boxes[:, 0], box[0]) + 1.0, 0.0)
            h = np.maximum(np.minimum(boxes[:, 3], box[3]) - np.maximum(boxes[:, 1], box[1]) + 1.0, 0.0)
            inner = w * h
            union = (
                (box[2] - box[0] + 1.0) * (box[3] - box[1] + 1.0)
                + (boxes[:, 2] - boxes[:, 0] + 1.0) * (boxes[:, 3] - boxes[:, 1] + 1.0) - inner
            )
            overlaps = inner / union
            best, place = np.max(overlaps), int(np.argmax(overlaps))
        if best > threshold:
            if difficult[place]:
                continue
            if taken[place]:
                fp[n] = 1
            else:
                tp[n], taken[place] = 1, True
        else:
            fp[n] = 1
    if positives == 0:
        return None
    fp, tp = np.cumsum(fp), np.cumsum(tp)
    return voc_average(tp / positives, tp / np.maximum(tp + fp, np.finfo(np.float64).eps), eleven)


def evaluate_voc(gt, dt, eleven, rounds=False):
    ids = sorted(c["id"] for c in gt["categories"])
    table = [[voc_category(gt, dt, c, k / 100, eleven, rounds) for c in ids] for k in range(50, 100, 5)]
    per_threshold = [np.mean([v for v in row if v is not None]) for row in table]
    columns = list(zip(*table))
    return {
        "stats": [float(np.mean(per_threshold)), float(per_threshold[0]), float(per_threshold[5])],
        "perCategory": [
            {
                "id": c, "ap": None if columns[k][0] is None else float(np.mean(columns[k])),
                "ap50": columns[k][0], "ap75": columns[k][5],
            }
            for k, c in enumerate(ids)
        ],
    }


def voc_case():
    """Difficult boxes, equal scores, several boxes on one object, classes without objects, without detections, without both."""
    rng = random.Random(5)
    annotations, dt = [], []
    for image in range(1, 61):
        for _ in range(rng.randrange(5)):
            x, y = rng.randrange(300), rng.randrange(200)
            box = [x, y, rng.randrange(8, 150), rng.randrange(8, 150)]
            category = rng.choice([1, 2, 3, 5])
            annotations.append({
                "id": len(annotations) + 1, "image_id": image, "category_id": category, "bbox": box,
                "area": box[2] * box[3], "iscrowd": 0, "ignore": int(rng.random() < 0.25),
            })
            if category == 5:
                continue  # has objects, is never found
            for _ in range(rng.randrange(4)):
                s = rng.choice([0.0, 0.06, 0.15, 0.3])
                moved = [box[0] + box[2] * rng.gauss(0, s), box[1] + box[3] * rng.gauss(0, s), box[2] * (1 + s * rng.random()), box[3]]
                dt.append({
                    "image_id": image, "category_id": category, "bbox": [round(v, 3) for v in moved],
                    "score": round(rng.random(), rng.choice([1, 5])),
                })
        for _ in range(rng.randrange(3)):
            box = [round(rng.uniform(0, 300), 2) for _ in range(2)] + [round(rng.uniform(1, 100), 2) for _ in range(2)]
            dt.append({"image_id": image, "category_id": rng.choice([1, 2, 3, 4]), "bbox": box, "score": round(rng.random(), 1)})
    rng.shuffle(dt)
    gt = {
        "images": image_records(range(1, 61)), "annotations": annotations,
        "categories": [{"id": c, "name": f"kind {c}"} for c in (1, 2, 3, 4, 5, 6)],
    }
    return gt, dt


def main():
    expected = {}
    gt, dt, expected["segm"] = masks_by_coco()
    dump(gt, "segm_gt.json")
    dump(dt, "segm_dt.json")
    gt, dt, boxes = lvis_cases()
    dump(gt, "lvis_gt.json")
    dump(dt, "lvis_segm_dt.json")
    dump(boxes, "lvis_bbox_dt.json")
    expected["lvis segm"] = evaluate_lvis(gt, dt, "segm")
    expected["lvis bbox"] = evaluate_lvis(gt, boxes, "bbox")
    gt, dt = voc_case()
    dump(gt, "voc_gt.json")
    dump(dt, "voc_dt.json")
    expected["voc07"] = evaluate_voc(gt, dt, True)
    expected["voc12"] = evaluate_voc(gt, dt, False)
    expected["voc12 rounded"] = evaluate_voc(gt, dt, False, True)
    with open("expected.json", "w") as file:
        json.dump(expected, file, indent=1)


main()
