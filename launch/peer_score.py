"""pycocotools and faster-coco-eval on the files of `aligndet-mpi bench score --keep FOLDER`: seconds from the files' names
to the numbers, each in a process of its own, and their numbers against ours.

    python launch/peer_score.py FOLDER TYPE NAME [OURS]

TYPE is bbox or segm, NAME is pycocotools or faster; OURS is what `aligndet-mpi score ... --json OURS` wrote: every figure and
every category's AP has to agree to 1e-12. Prints one line of JSON.
"""

import contextlib
import io
import json
import sys
import time

import numpy


def main():
    folder, kind, name = sys.argv[1:4]
    start = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        if name == "pycocotools":
            from pycocotools.coco import COCO
            from pycocotools.cocoeval import COCOeval as Evaluation
        else:
            from faster_coco_eval import COCO, COCOeval_faster as Evaluation
        imported = time.perf_counter()
        truth = COCO(f"{folder}/gt.json")
        found = truth.loadRes(f"{folder}/{kind}.json")
        evaluation = Evaluation(truth, found, kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    seconds = time.perf_counter() - imported
    line = {"case": f"{name} {kind}", "seconds": seconds, "import_s": imported - start}
    if len(sys.argv) > 4:
        with open(sys.argv[4]) as file:
            ours = json.load(file)
        pairs = list(zip(ours["metrics"].values(), evaluation.stats[:12], strict=True))
        precision = evaluation.eval["precision"]
        for k, category in enumerate(ours["per_category"]):
            for key, part in (("AP", slice(None)), ("AP50", 0), ("AP75", 5)):
                values = precision[part, ..., k, 0, -1]
                values = values[values > -1]
                pairs.append((category[key] if values.size else 0.0, values.mean() if values.size else 0.0))
                assert (category[key] is None) == (values.size == 0), category
        line["numbers"] = len(pairs)
        line["largest_difference"] = float(numpy.abs(numpy.array(pairs) @ [1, -1]).max())
    print(json.dumps(line))
    if line.get("largest_difference", 0) > 1e-12:
        sys.exit("the numbers differ")


main()
