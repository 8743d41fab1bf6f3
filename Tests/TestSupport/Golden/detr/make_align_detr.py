"""AlignDet's pre-training objective on the small DETR of make_detr.py, in float64.

Run in this folder: OMP_NUM_THREADS=1 python make_align_detr.py.
Formulas from Li et al., ICCV 2023 (arXiv 2307.11077) and their repository at commit d29f70b
(contrastive_loss.py, detr_head.py), written out here. Made with torch 2.15.0, scipy 1.17.1, numpy 2.4.6.

The last map of either view is given, 2 images of 12 channels. Golden names of the weights: `online.` and
`target.` with the path; both networks ask the online one's queries. CLUSTERS pseudo categories, embeddings of
8 numbers; dropout 0.
"""

import sys

sys.path.insert(0, "..")
import torch
import torch.nn.functional as F
from torch import nn

import make_detr as base
from golden_weights import Fixture, positions, tensor

torch.set_default_dtype(torch.float64)

CLUSTERS, CHANNELS, EMBEDDING, TEMPERATURE, SAMPLES = 9, 12, 8, 0.5, 16
# Height and width of each view's batch and of its map, and of the pictures inside.
SIZES = [(104, 152), (80, 120)]
MAPS = [(4, 5), (3, 4)]
VALID = [[(104, 152), (80, 100)], [(80, 96), (72, 120)]]
BOXES = [
    [[[12, 20, 61, 70.5], [70, 9.5, 150, 100], [100.5, 60, 131, 90]], [[5, 24, 44, 70], [30, 10, 99.5, 75]]],
    [[[10, 15, 46, 55.5], [20, 9.5, 90, 76], [2, 3, 30.5, 70]], [[35, 14, 84, 60], [30, 2, 118, 71]]],
]
LABELS = [[3, 8, 0], [3, 5]]
NUMBERS = [[0, 1, 2], [3, 4]]
# As published: queries without an object weigh as much as the others, the divisor counts matches alone, the
# contrast's matching counts the probability of the class with the proposal's number, and 256 marks queries
# without a proposal.
VARIANTS = {
    "faithful": dict(background=1.0, class_by_matches=True, object_weight=1.0, mark=256),
    "corrected": dict(background=0.1, class_by_matches=False, object_weight=0.0, mark=-1),
}


class Head(base.Head):
    def __init__(self):
        super().__init__(False, inputs=CHANNELS, classes=CLUSTERS)
        width = base.WIDTH
        self.projector = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, EMBEDDING))


def head(name):
    net = Head()
    base.fill_head(net, name + ".")
    return net


def contrast_of(queries, keys, query_labels, key_labels, mark):
    """Mean over the proposals of the mean over their pairs; rows of other labels are negatives, no gradient."""
    queries, keys = F.normalize(queries), F.normalize(keys.detach())
    total, count = 0, 0
    for label in torch.unique(query_labels).tolist():
        if label == mark:
            continue
        own, theirs = query_labels == label, key_labels == label
        query = queries[own]
        key = keys[theirs] if theirs.any() else query
        negatives = torch.cat([queries[~own].detach(), keys[~theirs]])
        against = torch.logsumexp(query @ negatives.T / TEMPERATURE, 1)
        similarity = query @ key.T / TEMPERATURE
        total, count = total + (torch.logaddexp(similarity, against[:, None]) - similarity).mean(), count + 1
    return total / max(count, 1)


def numbers_of(out, view, variant, pairs):
    """Each query's proposal in the batch: layer, image, query."""
    labels = torch.full(out["logits"].shape[:3], variant["mark"])
    for layer in range(base.DECODERS):
        for n in range(2):
            truth = base.normalized(BOXES[view][n], VALID[view][n], torch.float64)
            number = torch.tensor(NUMBERS[n])
            logits, boxes = out["logits"][layer][n].detach(), out["boxes"][layer][n].detach()
            rows, columns = base.match(logits, boxes, truth, number, variant["object_weight"])
            labels[layer, n, rows] = number[columns]
            pairs.append((rows.tolist(), columns.tolist()))
    return labels.flatten()


def main():
    fixture = Fixture()
    for v in range(2):
        fixture.integers(f"view{v + 1}.size", SIZES[v])
        fixture.integers(f"view{v + 1}.valid", VALID[v])
        fixture.map(f"view{v + 1}.c5", tensor(f"view{v + 1}.c5", (2, CHANNELS, *MAPS[v]), 2.0))
        for n in range(2):
            fixture.add(f"view{v + 1}.boxes.{n}", BOXES[v][n])
    for n in range(2):
        fixture.integers(f"labels.{n}", LABELS[n])
    for name, variant in VARIANTS.items():
        online, target = head("online"), head("target")
        target.query_embed = online.query_embed
        outputs = []
        for v, net in enumerate((online, target)):
            c5 = tensor(f"view{v + 1}.c5", (2, CHANNELS, *MAPS[v]), 2.0)
            outputs.append(net(c5, base.masks(MAPS[v], SIZES[v], VALID[v])))
        pairs = []
        labels = [numbers_of(out, v, variant, pairs) for v, out in enumerate(outputs)]
        embeddings = [net.projector(out["hs"]).flatten(0, 2) for net, out in zip((online, target), outputs)]
        contrast = contrast_of(*embeddings, *labels, variant["mark"])
        settings = {key: variant[key] for key in ("background", "class_by_matches")}
        terms = base.losses(outputs[0], BOXES[0], LABELS, pairs, by_matches=True, valid=VALID[0], **settings)
        own = sum(terms.values())
        fixture.double(f"{name}.contrast.loss", contrast)
        fixture.double(f"{name}.own.losses", torch.stack([t.detach() for t in terms.values()]))
        fixture.integers(f"{name}.labels.1", labels[0])
        fixture.integers(f"{name}.labels.2", labels[1])
        print(name, contrast.item(), own.item(), [(x != variant["mark"]).sum().item() for x in labels])
        for key, loss in (("contrast", contrast), ("own", own)):
            named = dict(online.named_parameters())
            gradients = torch.autograd.grad(loss, list(named.values()), retain_graph=True, allow_unused=True)
            reached = {path: g for path, g in zip(named, gradients) if g is not None}
            at = [torch.from_numpy(positions(path, g.numel(), SAMPLES)) for path, g in reached.items()]
            rows = [g.reshape(-1) for g in reached.values()]
            fixture.note(f"{name}.{key}.gradient.names", list(reached))
            fixture.integers(f"{name}.{key}.gradient.positions", torch.stack(at))
            fixture.add(f"{name}.{key}.gradient.samples", torch.stack([row[a] for row, a in zip(rows, at)]))
            fixture.double(f"{name}.{key}.gradient.norm", torch.stack([row.norm() for row in rows]))
            fixture.double(f"{name}.{key}.gradient.sum", torch.stack([row.sum() for row in rows]))
    fixture.save("align_detr.safetensors")


if __name__ == "__main__":
    main()
