"""Makes the evaluation cases of this folder and the numbers pycocotools gives for them.

Run:      python make_coco_eval.py COCO_CC_VAL_JSON   (instances_val.json of the freely licensed COCO subset)
Versions: those used are written into expected.json.
Source:   the annotations behind photographs_*.json are COCO 2017's, by the COCO Consortium, CC BY 4.0.
"""
import contextlib, copy, io, json, random, sys
from importlib.metadata import version

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def dump(value, path):
    with open(path, "w") as file:
        json.dump(value, file, separators=(",", ":"))


def evaluate(gt, dt, image_ids=None, category_ids=None, max_dets=None, use_cats=1):
    """The twelve numbers, the printed rows and the scores by category."""
    quiet = io.StringIO()
    with contextlib.redirect_stdout(quiet):
        ground_truth = COCO()
        ground_truth.dataset = copy.deepcopy(gt)
        ground_truth.createIndex()
        if dt:
            results = ground_truth.loadRes(copy.deepcopy(dt))
        else:  # loadRes refuses an empty list
            results = COCO()
            results.dataset = {"images": gt["images"], "categories": gt["categories"], "annotations": []}
            results.createIndex()
        run = COCOeval(ground_truth, results, "bbox")
        if image_ids is not None:
            run.params.imgIds = image_ids
        if category_ids is not None:
            run.params.catIds = category_ids
        if max_dets is not None:
            run.params.maxDets = max_dets
        run.params.useCats = use_cats
        run.evaluate()
        run.accumulate()
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        run.summarize()
    precision = run.eval["precision"]  # T R K A M

    def mean(values):
        values = values[values > -1]
        return float(np.mean(values)) if values.size else None

    return {
        "stats": [float(v) for v in run.stats],
        "text": text.getvalue(),
        "perCategory": [
            {
                "id": int(c),
                "ap": mean(precision[:, :, k, 0, -1]),
                "ap50": mean(precision[0, :, k, 0, -1]),
                "ap75": mean(precision[5, :, k, 0, -1]),
            }
            for k, c in enumerate(run.params.catIds)
        ],
        "recallSum": float(run.eval["recall"].sum()),
        "precisionSum": float(precision.sum()),
        "scoreSum": float(run.eval["scores"].sum()),
    }


def hand_case():
    """Three images whose every number can be followed on paper: ties, a crowd, areas on the bin borders."""
    def gt(id, image, category, bbox, area, crowd):
        return {"id": id, "image_id": image, "category_id": category, "bbox": bbox, "area": area, "iscrowd": crowd}

    def dt(image, category, bbox, score):
        return {"image_id": image, "category_id": category, "bbox": bbox, "score": score}

    return {
        "images": [{"id": i, "file_name": f"{i}.jpg", "width": 640, "height": 480} for i in (1, 2, 3)],
        "categories": [{"id": i, "name": n} for i, n in ((1, "first"), (2, "second"), (3, "third"))],
        "annotations": [
            gt(1, 1, 1, [10, 10, 50, 50], 2500, 0), gt(2, 1, 1, [100, 100, 20, 20], 400, 0),
            gt(3, 1, 1, [200, 50, 150, 120], 18000, 1), gt(4, 1, 2, [30, 200, 100, 100], 9216, 0),
            gt(5, 2, 1, [50, 60, 80, 40], 1024, 0), gt(6, 2, 2, [300, 200, 64, 64], 4000, 0),
            gt(7, 3, 1, [10, 10, 30, 30], 900, 0),
        ],
    }, [
        dt(1, 1, [12, 11, 50, 48], 0.9), dt(1, 1, [10, 10, 50, 50], 0.9), dt(1, 1, [210, 60, 50, 50], 0.8),
        dt(1, 1, [220, 70, 60, 60], 0.7), dt(1, 1, [101, 101, 20, 20], 0.6), dt(1, 2, [30, 205, 100, 100], 0.95),
        dt(2, 1, [50, 60, 80, 40], 0.9), dt(2, 2, [305, 200, 64, 64], 0.4), dt(2, 2, [400, 300, 40, 40], 0.5),
        dt(3, 1, [300, 300, 200, 100], 0.85), dt(3, 2, [5, 5, 10, 10], 0.3), dt(3, 3, [5, 5, 10, 10], 0.99),
    ]


def curve_case():
    """Five positives and the sequence tp fp tp tp fp tp fp in one image."""
    boxes = [[100 * i, 10, 50, 50] for i in range(5)]
    miss = [[100 * i, 300, 50, 50] for i in range(3)]
    order = [boxes[0], miss[0], boxes[1], boxes[2], miss[1], boxes[3], miss[2]]
    return {
        "images": [{"id": 1, "file_name": "1.jpg", "width": 640, "height": 480}],
        "categories": [{"id": 1, "name": "only"}],
        "annotations": [
            {"id": i + 1, "image_id": 1, "category_id": 1, "bbox": b, "area": 2500, "iscrowd": 0}
            for i, b in enumerate(boxes)
        ],
    }, [
        {"image_id": 1, "category_id": 1, "bbox": b, "score": 0.9 - 0.1 * i} for i, b in enumerate(order)
    ]


def photographs(path):
    """Freely licensed COCO photographs: their boxes with jitter, doubles, misses and false positives."""
    with open(path) as file:
        full = json.load(file)
    gt = {
        "info": {"description": full["info"]["description"], "url": full["info"]["url"]},
        "images": [{k: i[k] for k in ("id", "file_name", "width", "height")} for i in full["images"]],
        "annotations": [
            {k: a[k] for k in ("id", "image_id", "category_id", "bbox", "area", "iscrowd")}
            for a in full["annotations"]
        ],
        "categories": full["categories"],
    }
    rng = random.Random(20)
    dt = []
    for a in gt["annotations"]:
        x, y, w, h = a["bbox"]
        for _ in range(rng.choice([0, 1, 1, 1, 2])):
            spread = rng.choice([0.01, 0.05, 0.1, 0.2])
            box = [x + w * rng.gauss(0, spread), y + h * rng.gauss(0, spread),
                   w * 2 ** rng.gauss(0, spread), h * 2 ** rng.gauss(0, spread)]
            dt.append({
                "image_id": a["image_id"], "category_id": a["category_id"], "bbox": [round(v, 3) for v in box],
                "score": float(np.float32(rng.betavariate(4, 2) * (1 - spread))),
            })
    categories = [c["id"] for c in gt["categories"]]
    for image in gt["images"]:
        for _ in range(rng.randrange(12)):
            w, h = rng.uniform(4, image["width"] / 2), rng.uniform(4, image["height"] / 2)
            box = [rng.uniform(0, image["width"] - w), rng.uniform(0, image["height"] - h), w, h]
            dt.append({
                "image_id": image["id"], "category_id": rng.choice(categories[:20]), "bbox": box,
                "score": rng.betavariate(2, 5),
            })
    rng.shuffle(dt)
    return gt, dt


def generated():
    """Crowds, empty images, equal scores and equal boxes, more than 100 boxes of a category, unsorted ids."""
    rng = random.Random(7)
    image_ids = rng.sample(range(1, 100000), 48)
    categories = [{"id": i, "name": f"kind {i}"} for i in (90, 3, 17, 4, 55)]  # 55 has no ground truth
    annotations, dt = [], []

    def detect(image, category, box, score):
        dt.append({"image_id": image, "category_id": category, "bbox": box, "score": score})

    for n, image in enumerate(image_ids):
        if n % 8 == 3:
            continue  # neither ground truth nor detections
        truths = []
        if n % 8 != 5:
            for _ in range(rng.randrange(1, 12)):
                size = rng.choice([12, 32, 60, 96, 150])
                w, h = size * rng.uniform(0.7, 1.4), float(size)
                box = [round(rng.uniform(0, 500), 2), round(rng.uniform(0, 350), 2), round(w, 2), round(h, 2)]
                area = rng.choice([box[2] * box[3], box[2] * box[3] * rng.uniform(0.4, 0.9), 1024, 9216])
                truths.append((rng.choice([90, 3, 17, 4]), box, area, int(rng.random() < 0.1)))
            if n % 5 == 0:
                truths.append(truths[0])  # the same box twice: an IoU tie
        for category, box, area, crowd in truths:
            annotations.append({
                "id": 0, "image_id": image, "category_id": category, "bbox": box, "area": area, "iscrowd": crowd,
            })
            if rng.random() < 0.2:
                annotations[-1]["ignore"] = rng.randrange(2)  # the reference overwrites it
            for _ in range(rng.randrange(3)):
                s = rng.choice([0.0, 0.03, 0.1, 0.3])
                x, y, w, h = box
                moved = [x + w * rng.gauss(0, s), y + h * rng.gauss(0, s), w * (1 + s * rng.random()), h]
                detect(image, category, [round(v, 2) for v in moved], round(rng.random(), 1))
        for _ in range(rng.randrange(6)):
            box = [round(rng.uniform(0, 600), 1) for _ in range(2)] + [round(rng.uniform(0, 200), 1) for _ in range(2)]
            detect(image, rng.choice([90, 3, 17, 4, 55, 777]), box, round(rng.random(), 1))  # 777 is unknown
        if n in (1, 20):
            for _ in range(130):
                box = [round(rng.uniform(0, 500), 1), round(rng.uniform(0, 400), 1), 40.0, 30.0]
                detect(image, 17, box, round(rng.random(), 2))
    rng.shuffle(annotations)
    for i, a in enumerate(annotations):
        a["id"] = 1000 + 3 * i
    rng.shuffle(dt)
    images = [{"id": i, "file_name": f"{i}.jpg", "width": 640, "height": 480} for i in image_ids]
    return {"images": images, "categories": categories, "annotations": annotations}, dt


def main():
    cases = {
        "hand": hand_case(), "curve": curve_case(), "photographs": photographs(sys.argv[1]),
        "generated": generated(),
    }
    expected = {"versions": {n: version(n) for n in ("pycocotools", "numpy")}, "cases": {}}
    params = COCOeval(iouType="bbox").params
    expected["iouThresholds"] = params.iouThrs.tolist()
    expected["recallPoints"] = params.recThrs.tolist()
    for name, (gt, dt) in cases.items():
        dump(gt, f"{name}_gt.json")
        dump(dt, f"{name}_dt.json")
        expected["cases"][name] = evaluate(gt, dt)
    gt, dt = cases["hand"]
    from_zero = copy.deepcopy(gt)
    for annotation in from_zero["annotations"]:
        annotation["id"] -= 1
    expected["cases"]["hand, ids from 0"] = evaluate(from_zero, dt)
    expected["cases"]["hand, no detections"] = evaluate(gt, [])
    expected["cases"]["hand, 1 10 300"] = evaluate(gt, dt, max_dets=[1, 10, 300])
    gt, dt = cases["generated"]
    expected["cases"]["generated, 100 300 1000"] = evaluate(gt, dt, max_dets=[100, 300, 1000])
    expected["cases"]["generated, class-agnostic"] = evaluate(gt, dt, max_dets=[100, 300, 1000], use_cats=0)
    some = sorted(i["id"] for i in gt["images"])[5:30]
    expected["cases"]["generated, subset"] = evaluate(gt, dt, image_ids=some, category_ids=[3, 17])
    expected["subset"] = {"images": some, "categories": [3, 17]}
    with open("expected.json", "w") as file:
        json.dump(expected, file, indent=1)


main()
