"""Numbers for the tests of data loading, computed without any of the code under test.

Run in this folder: python make_data.py. Made with Python 3.11, numpy, pycocotools and opencv in the versions that
`versions.json` records. The rules are those of mmdetection 2.25 (CocoDataset, Resize) and mmcv 1.6 (rescale_size).
"""
import json, pathlib, random, sys
import cv2, numpy as np, pycocotools
from importlib.metadata import version
from pycocotools.coco import COCO

HERE = pathlib.Path(__file__).parent
BCCD = HERE.parents[3] / 'Sources/AlignDetCLI/BuiltIn/bccd'


def dump(name, value):
    (HERE / name).write_text(json.dumps(value, separators=(',', ':')) + '\n')


def kept(annotations, image, class_ids):
    """Boxes and labels that the published loader keeps, in file order."""
    boxes, labels = [], []
    for a in annotations:
        x, y, w, h = a['bbox']
        inter_w = max(0, min(x + w, image['width']) - max(x, 0))
        inter_h = max(0, min(y + h, image['height']) - max(y, 0))
        if a.get('ignore', False) or inter_w * inter_h == 0 or a['area'] <= 0 or w < 1 or h < 1:
            continue
        if a['category_id'] not in class_ids or a.get('iscrowd', 0):
            continue
        boxes.append([x, y, x + w, y + h])
        labels.append(class_ids.index(a['category_id']))
    return np.array(boxes, np.float32).reshape(-1, 4), labels


def bccd():
    out = {}
    for split in ('train', 'val'):
        coco = COCO(str(BCCD / f'annotations/instances_{split}.json'))
        ids = coco.getCatIds()
        for image in coco.dataset['images']:
            boxes, labels = kept(coco.loadAnns(coco.getAnnIds(image['id'])), image, ids)
            out[str(image['id'])] = dict(sum=boxes.astype(np.float64).sum(0).tolist(), labels=labels)
    dump('bccd.json', out)


def edge_cases():
    image = dict(id=7, file_name='a.jpg', width=100, height=80)
    boxes = [
        [10, 10, 20, 20], [-5, -5, 10, 10], [95, 70, 30, 30], [100, 10, 5, 5], [-10, 0, 10, 10], [1.3, 2.7, 0.99, 9],
        [1.3, 2.7, 1, 1], [10, 10, 0, 5], [10, 10, 5, -2], [0.1, 0.2, 33.3, 44.4], [50, 50, 10, 10], [50, 50, 10, 10],
        [60, 60, 10, 10], [20, 79.5, 4, 4]]
    annotations = [
        dict(id=i + 1, image_id=7, category_id=3, bbox=b, area=b[2] * b[3], iscrowd=0) for i, b in enumerate(boxes)]
    annotations[10]['iscrowd'] = 1
    annotations[11]['ignore'] = 1
    annotations[12]['area'] = 0
    annotations[9]['category_id'] = 5
    categories = [dict(id=5, name='dog'), dict(id=3, name='cat'), dict(id=9, name='emu')]
    dump('edge_cases.json', dict(images=[image], categories=categories, annotations=annotations))
    result, labels = kept(annotations, image, [5, 3])
    dump('edge_cases_expected.json', dict(boxes=result.astype(np.float64).tolist(), labels=labels))


def resize():
    random.seed(4)
    cases = []
    sizes = [(640, 480), (480, 640), (333, 500), (1, 900), (2000, 31), (500, 375), (1024, 681), (640, 427)]
    for width, height in sizes:
        for short, long in [(640, 1333), (704, 1333), (800, 1333), (400, 1600), (1400, 1600), (97, 640)]:
            factor = min(long / max(height, width), short / min(height, width))
            new = [max(1, int(width * float(factor) + 0.5)), max(1, int(height * float(factor) + 0.5))]
            scale = np.array([new[0] / width, new[1] / height] * 2, np.float32)
            x, y = random.uniform(-5, width), random.uniform(-5, height)
            box = np.array([x, y, x + random.uniform(1, width), y + random.uniform(1, height)], np.float32)
            moved = box * scale
            moved[0::2] = np.clip(moved[0::2], 0, new[0])
            moved[1::2] = np.clip(moved[1::2], 0, new[1])
            cases.append(dict(
                size=[width, height], short=short, long=long, new=new, box=box.astype(float).tolist(),
                moved=moved.astype(float).tolist()))
    dump('resize.json', cases)


def folds():
    out = []
    for total, percent, seed in [(292, 10, 1), (292, 10, 2), (1000, 1, 5), (65537, 0.5, 3)]:
        np.random.seed(seed)
        drawn = np.random.choice(range(total), size=int(percent / 100. * total), replace=False)
        out.append(dict(total=total, percent=percent, seed=seed, drawn=drawn.tolist()))
    dump('folds.json', out)


def views():
    """One synthetic picture through the steps of a view, by OpenCV as mmcv calls it."""
    height, width = 61, 97
    y, x = np.mgrid[:height, :width]
    rgb = np.stack([(x * 7 + y * 13 + c * 50 + (x * y) % 31) & 255 for c in range(3)], -1).astype(np.uint8)
    factor = min(133 / width, 80 / height)
    new = (int(width * factor + 0.5), int(height * factor + 0.5))
    resized = cv2.resize(rgb[..., ::-1].copy(), new, interpolation=cv2.INTER_LINEAR)
    flipped = np.flip(resized, axis=1)
    normalised = flipped.copy().astype(np.float32)
    cv2.cvtColor(normalised, cv2.COLOR_BGR2RGB, normalised)
    mean = np.array([123.675, 116.28, 103.53], np.float64).reshape(1, -1)
    std = np.array([58.395, 57.12, 57.375], np.float64).reshape(1, -1)
    cv2.subtract(normalised, mean, normalised)
    cv2.multiply(normalised, 1 / std, normalised)
    padded = np.zeros((-(-new[1] // 32) * 32, -(-new[0] // 32) * 32, 3), np.float32)
    padded[:new[1], :new[0]] = normalised
    dump('view.json', dict(size=[width, height], new=list(new), padded=list(padded.shape[1::-1])))
    padded.astype('<f4').tofile(HERE / 'view.f32')


if __name__ == '__main__':
    bccd(), edge_cases(), resize(), folds(), views()
    names = ['numpy', 'pycocotools', 'opencv-contrib-python-headless', 'opencv-contrib-python', 'opencv-python']
    found = {'python': sys.version.split()[0], 'cv2': cv2.__version__}
    for name in names:
        try:
            found[name] = version(name)
        except Exception:
            pass
    dump('versions.json', found)
