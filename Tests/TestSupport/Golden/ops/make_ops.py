"""Values and gradients of single operations, computed by PyTorch in float64 and rounded to float32.

Run in this folder: python make_ops.py.
Made with torch 2.15.0, torchvision 0.29.2, numpy 2.4.6, safetensors 0.8.0.
Keys: <case>.input, .weight, .bias, .grad_output, .output, .grad_input, .grad_weight, .grad_bias; the metadata
key <case> holds the case's constants as a JSON object.
"""

import math
import sys

sys.path.insert(0, "..")
import numpy
import torch
import torch.nn.functional as F
from torchvision.ops import generalized_box_iou_loss, sigmoid_focal_loss

from golden_weights import Fixture, golden, tensor, weight_scale

torch.set_default_dtype(torch.float64)


def leaf(name, shape, scale=1.0, shift=0.0):
    return tensor(name, shape, scale, shift).requires_grad_()


def nchw(value):
    """View of an NHWC tensor as torch wants it; gradients come back as NHWC."""
    return value.permute(0, 3, 1, 2)


def nhwc(value):
    return value.permute(0, 2, 3, 1)


def record(fixture, case, inputs, output, constants=None):
    """Stores inputs, output, a golden upstream gradient and the gradients of all inputs that want one."""
    for key, value in inputs.items():
        fixture.add(f"{case}.{key}", value)
    fixture.add(f"{case}.output", output)
    if output.dim() == 0:
        output.backward()
    else:
        upstream = tensor(f"{case}.grad_output", tuple(output.shape))
        fixture.add(f"{case}.grad_output", upstream)
        output.backward(upstream)
    for key, value in inputs.items():
        if value.requires_grad:
            fixture.add(f"{case}.grad_{key}", value.grad)
    if constants is not None:
        fixture.note(case, constants)


def convolution():
    fixture = Fixture()
    odd = (2, 7, 9)
    cases = {
        # case: (input NHWC, out channels, kernel, stride, padding, groups, bias)
        "conv3x3_s1": ((*odd, 5), 6, 3, 1, 1, 1, True),
        "conv3x3_s1_wide": ((*odd, 8), 16, 3, 1, 1, 1, True),
        "conv3x3_s1_nobias": ((1, 5, 4, 16), 32, 3, 1, 1, 1, False),
        "conv3x3_s2": ((*odd, 5), 6, 3, 2, 1, 1, True),
        "conv3x3_s2_wide": ((2, 8, 6, 8), 16, 3, 2, 1, 1, True),
        "conv1x1": ((*odd, 5), 6, 1, 1, 0, 1, True),
        "conv1x1_wide": ((*odd, 8), 16, 1, 1, 0, 1, True),
        "conv1x1_s2": ((*odd, 5), 6, 1, 2, 0, 1, True),
        "conv1x1_s2_wide": ((2, 8, 6, 8), 16, 1, 2, 0, 1, True),
        "conv7x7_s2": ((2, 17, 15, 3), 8, 7, 2, 3, 1, True),
        "depthwise3x3_s1": ((*odd, 5), 5, 3, 1, 1, 5, True),
        "depthwise3x3_s2": ((*odd, 5), 5, 3, 2, 1, 5, True),
        "depthwise3x3_s1_wide": ((*odd, 16), 16, 3, 1, 1, 16, False),
        "depthwise3x3_s2_wide": ((2, 8, 6, 16), 16, 3, 2, 1, 16, False),
        "groups2": ((*odd, 6), 4, 3, 1, 1, 2, True),
        "groups2_wide": ((*odd, 16), 32, 3, 2, 1, 2, True),
        "conv3x3_s1_one_pixel": ((1, 1, 1, 5), 6, 3, 1, 1, 1, True),
        "conv3x3_s2_one_pixel": ((1, 1, 1, 5), 6, 3, 2, 1, 1, True),
    }
    for case, (shape, out, kernel, stride, padding, groups, biased) in cases.items():
        inputs = {"input": leaf(f"{case}.input", shape)}
        weight = numpy.empty((out, shape[3] // groups, kernel, kernel))
        inputs["weight"] = leaf(f"{case}.weight", weight.shape, weight_scale(weight, math.sqrt(2.0)))
        if biased:
            inputs["bias"] = leaf(f"{case}.bias", (out,), 0.5)
        output = nhwc(
            F.conv2d(nchw(inputs["input"]), inputs["weight"], inputs.get("bias"), stride, padding, 1, groups)
        )
        record(fixture, case, inputs, output, {"stride": stride, "padding": padding, "groups": groups})
    fixture.save("convolution.safetensors")


def linear():
    fixture = Fixture()
    for case, shape, out, biased in (
        ("linear", (7, 5), 6, True),
        ("linear_wide", (13, 32), 48, True),
        ("linear_nobias", (3, 8), 16, False),
        ("linear_one_row", (1, 5), 6, True),
    ):
        inputs = {"input": leaf(f"{case}.input", shape)}
        inputs["weight"] = leaf(f"{case}.weight", (out, shape[1]), math.sqrt(6.0 / shape[1]))
        if biased:
            inputs["bias"] = leaf(f"{case}.bias", (out,), 0.5)
        record(fixture, case, inputs, F.linear(inputs["input"], inputs["weight"], inputs.get("bias")))
    fixture.save("linear.safetensors")


def pooling():
    fixture = Fixture()
    constants = {"kernel": 3, "stride": 2, "padding": 1}
    for case, shape in (
        ("maxpool", (2, 7, 9, 5)),
        ("maxpool_even", (2, 8, 6, 16)),
        ("maxpool_one_pixel", (1, 1, 1, 3)),
    ):
        x = leaf(f"{case}.input", shape)
        record(fixture, case, {"input": x}, nhwc(F.max_pool2d(nchw(x), 3, 2, 1)), constants)
    # After a ReLU windows of zeros are common: torch gives the gradient to the first maximum, row-major.
    x = F.relu(tensor("maxpool_ties.input", (2, 7, 9, 5), 1.0, -0.6)).requires_grad_()
    record(
        fixture,
        "maxpool_ties",
        {"input": x},
        nhwc(F.max_pool2d(nchw(x), 3, 2, 1)),
        constants | {"ties": "first maximum in row-major order takes the gradient"},
    )
    for case, low, high in (
        ("upsample_add", (2, 3, 4, 5), (2, 6, 8, 5)),
        ("upsample_add_odd", (2, 3, 4, 8), (2, 5, 7, 8)),
        ("upsample_add_ratio", (1, 2, 3, 5), (1, 5, 9, 5)),
    ):
        top, lateral = leaf(f"{case}.top", low), leaf(f"{case}.lateral", high)
        up = nhwc(F.interpolate(nchw(top), size=high[1:3], mode="nearest"))
        record(fixture, case, {"top": top, "lateral": lateral}, lateral + up)
    fixture.save("pooling.safetensors")


def normalization():
    fixture = Fixture()
    for case, shape in (("batchnorm_train", (2, 7, 9, 5)), ("batchnorm_train_wide", (2, 4, 5, 32))):
        c = shape[3]
        inputs = {
            "input": leaf(f"{case}.input", shape, 2.0, 0.7),
            "weight": leaf(f"{case}.weight", (c,), 0.2, 1.0),
            "bias": leaf(f"{case}.bias", (c,), 0.1),
            "running_mean": tensor(f"{case}.running_mean", (c,), 0.2),
            "running_var": tensor(f"{case}.running_var", (c,), 0.4, 1.0),
        }
        mean, var = inputs["running_mean"].clone(), inputs["running_var"].clone()
        output = nhwc(
            F.batch_norm(nchw(inputs["input"]), mean, var, inputs["weight"], inputs["bias"], True, 0.1, 1e-5)
        )
        fixture.add(f"{case}.new_running_mean", mean)
        fixture.add(f"{case}.new_running_var", var)
        rows = inputs["input"].detach().reshape(-1, c)
        fixture.add(f"{case}.batch_mean", rows.mean(0))
        fixture.add(f"{case}.batch_var", rows.var(0, correction=0))
        record(
            fixture,
            case,
            inputs,
            output,
            {
                "momentum": 0.1,
                "eps": 1e-5,
                "variance": "biased for the output and batch_var, unbiased in new_running_var",
            },
        )
    for case, shape in (("batchnorm_eval", (2, 7, 9, 5)), ("batchnorm_eval_wide", (2, 4, 5, 32))):
        c = shape[3]
        inputs = {
            "input": leaf(f"{case}.input", shape, 2.0, 0.7),
            "weight": leaf(f"{case}.weight", (c,), 0.2, 1.0),
            "bias": leaf(f"{case}.bias", (c,), 0.1),
            "running_mean": tensor(f"{case}.running_mean", (c,), 0.2),
            "running_var": tensor(f"{case}.running_var", (c,), 0.4, 1.0),
        }
        output = nhwc(
            F.batch_norm(
                nchw(inputs["input"]),
                inputs["running_mean"],
                inputs["running_var"],
                inputs["weight"],
                inputs["bias"],
                False,
                0.1,
                1e-5,
            )
        )
        record(fixture, case, inputs, output, {"eps": 1e-5})
    for case, shape in (("groupnorm", (2, 3, 5, 64)), ("groupnorm_one_channel", (1, 4, 3, 32))):
        c = shape[3]
        inputs = {
            "input": leaf(f"{case}.input", shape, 2.0, 0.7),
            "weight": leaf(f"{case}.weight", (c,), 0.2, 1.0),
            "bias": leaf(f"{case}.bias", (c,), 0.1),
        }
        output = nhwc(F.group_norm(nchw(inputs["input"]), 32, inputs["weight"], inputs["bias"], 1e-5))
        record(fixture, case, inputs, output, {"groups": 32, "eps": 1e-5})
    x = golden("l2_normalize.input", (11, 7))
    x[3] *= numpy.float32(1e-3)
    x = torch.from_numpy(x).double().requires_grad_()
    record(fixture, "l2_normalize", {"input": x}, F.normalize(x, dim=1, eps=1e-12), {"eps": 1e-12, "axis": 1})
    fixture.save("normalization.safetensors")


def activation():
    fixture = Fixture()
    for case, function in (("relu", F.relu), ("relu6", F.relu6), ("sigmoid", torch.sigmoid)):
        x = leaf(f"{case}.input", (2, 5, 7, 5), 9.0)
        record(fixture, case, {"input": x}, function(x))
    x = torch.tensor([-120.0, -40.0, -0.0, 0.0, 40.0, 120.0]).requires_grad_()
    record(fixture, "sigmoid_extreme", {"input": x}, torch.sigmoid(x))
    fixture.save("activation.safetensors")


def boxes(name, count, extent):
    """Boxes x1 y1 x2 y2 with sides between 5 % and 95 % of the extent."""
    unit = (golden(name, (count, 4)).astype(numpy.float64) + 1) / 2
    start, side = unit[:, :2] * 0.6, 0.05 + unit[:, 2:] * 0.35
    return numpy.concatenate([start, start + side], 1).astype(numpy.float32) * numpy.float32(extent)


def overlap(a, b):
    """IoU, union, hull area of paired boxes; no epsilon."""
    inter = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0).prod(1)
    union = (a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - inter
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(1)
    return inter / union, union, hull


def loss():
    fixture = Fixture()
    # Labels: 0..<K a class, K background, -1 ignored.
    logits = golden("focal.logits", (13, 7), 5.0)
    logits[2] = [-30, 30, -90, 90, -10, 10, 0]
    labels = torch.tensor([0, 7, 3, 6, -1, 7, 7, 2, 5, -1, 7, 1, 4])
    x = torch.from_numpy(logits).double().requires_grad_()
    used = labels >= 0
    target = F.one_hot(labels[used], 8)[:, :7].double()
    value = sigmoid_focal_loss(x[used], target, 0.25, 2.0, reduction="sum")
    fixture.integers("focal.labels", labels)
    record(
        fixture,
        "focal",
        {"logits": x},
        value,
        {"alpha": 0.25, "gamma": 2.0, "reduction": "sum over labels >= 0"},
    )

    for case, beta in (("l1", None), ("smooth_l1", 1.0 / 9.0)):
        prediction, target = leaf(f"{case}.prediction", (9, 4)), tensor(f"{case}.target", (9, 4))
        rows = (
            F.l1_loss(prediction, target, reduction="none")
            if beta is None
            else F.smooth_l1_loss(prediction, target, reduction="none", beta=beta)
        )
        fixture.add(f"{case}.elements", rows)
        record(
            fixture,
            case,
            {"prediction": prediction, "target": target},
            rows.sum(),
            {"reduction": "sum"} | ({} if beta is None else {"beta": "1/9"}),
        )

    # Rows: random pairs, then nested, disjoint in both axes, disjoint in one, barely overlapping.
    special_a = numpy.array([[1, 2, 9, 8], [0, 0, 4, 3], [10, 5, 14, 9], [3, 3, 7, 11]], numpy.float32)
    special_b = numpy.array([[3, 4, 5, 6], [7, 8, 12, 9], [1, 5.5, 8, 8], [6.75, 1, 12, 3.25]], numpy.float32)
    for case, extent in (("giou", 64.0), ("giou_unit", 1.0), ("iou", 64.0)):
        a = numpy.concatenate([boxes(f"{case}.prediction", 9, extent), special_a * extent / 64])
        b = numpy.concatenate([boxes(f"{case}.target", 9, extent), special_b * extent / 64])
        # Equal corners would put the loss on a kink.
        assert (numpy.abs(a[:, None] - b[:, None]) > 1e-3 * extent).all()
        if case == "iou":
            keep = overlap(torch.from_numpy(a), torch.from_numpy(b))[0].numpy() > 0
            disjoint = numpy.flatnonzero(~keep)[:2]
            rows_used = numpy.concatenate([numpy.flatnonzero(keep), disjoint])
            a, b = a[rows_used], b[rows_used]
        prediction, target = torch.from_numpy(a).double().requires_grad_(), torch.from_numpy(b).double()
        iou, union, hull = overlap(prediction, target)
        if case == "iou":
            rows = -iou.clamp(min=1e-6).log()
        else:
            rows = 1 - iou + (hull - union) / hull
            assert (generalized_box_iou_loss(prediction, target) - rows).abs().max() < 1e-4
        fixture.add(f"{case}.elements", rows)
        record(
            fixture,
            case,
            {"prediction": prediction, "target": target},
            rows.sum(),
            {"reduction": "sum", "form": "-log(max(iou, 1e-6))" if case == "iou" else "1 - giou, no epsilon"},
        )

    for case, weights, reduction in (
        ("cross_entropy_sum", None, "sum"),
        ("cross_entropy_mean", None, "mean"),
        ("cross_entropy_weighted_sum", [1.0, 1.0, 1.0, 1.0, 0.1], "sum"),
    ):
        x = leaf(f"{case}.logits", (9, 5), 4.0)
        labels = torch.tensor([0, 4, 3, 4, 1, 2, 4, 0, 4])
        fixture.integers(f"{case}.labels", labels)
        weight = None if weights is None else torch.tensor(weights)
        fixture.add(f"{case}.elements", F.cross_entropy(x, labels, weight, reduction="none"))
        record(
            fixture,
            case,
            {"logits": x},
            F.cross_entropy(x, labels, weight, reduction=reduction),
            {"reduction": reduction, "class_weights": weights},
        )
    x = golden("binary_cross_entropy.logits", (17,), 5.0)
    x[:4] = [-90, 90, -20, 20]
    x = torch.from_numpy(x).double().requires_grad_()
    target = tensor("binary_cross_entropy.target", (17,), 0.5, 0.5)
    record(
        fixture,
        "binary_cross_entropy",
        {"logits": x, "target": target},
        F.binary_cross_entropy_with_logits(x, target, reduction="sum"),
        {"reduction": "sum"},
    )
    fixture.save("loss.safetensors")


def optimizer():
    fixture = Fixture()
    gradients = tensor("optimizer.gradients", (5, 7))
    fixture.add("optimizer.gradients", gradients)
    for case, make, slots in (
        ("sgd", lambda p: torch.optim.SGD([p], lr=0.1, momentum=0.9, weight_decay=1e-4), ["momentum_buffer"]),
        (
            "adamw",
            lambda p: torch.optim.AdamW([p], lr=0.01, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.05),
            ["exp_avg", "exp_avg_sq"],
        ),
    ):
        parameter = leaf("optimizer.initial", (7,))
        rule, history, states = make(parameter), [parameter.detach().clone()], {slot: [] for slot in slots}
        for step in range(5):
            parameter.grad = gradients[step].clone()
            rule.step()
            history.append(parameter.detach().clone())
            for slot in slots:
                states[slot].append(rule.state[parameter][slot].clone())
        fixture.add(f"{case}.parameters", torch.stack(history))
        for slot in slots:
            fixture.add(f"{case}.{slot}", torch.stack(states[slot]))
    fixture.note("sgd", {"lr": 0.1, "momentum": 0.9, "weight_decay": 1e-4, "nesterov": False})
    fixture.note("adamw", {"lr": 0.01, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "weight_decay": 0.05})

    shapes = {"a": (7,), "b": (3, 4), "c": (2, 1, 3, 3)}
    for case, limit in (("clip", 0.1), ("clip_inactive", 35.0)):
        parts = {key: leaf(f"clip.{key}", shape) for key, shape in shapes.items()}
        for key, value in parts.items():
            value.grad = tensor(f"clip.{key}", shapes[key])
            fixture.add(f"{case}.{key}", value.grad)
        norm = torch.nn.utils.clip_grad_norm_(parts.values(), limit)
        fixture.double(f"{case}.norm", norm)
        for key, value in parts.items():
            fixture.add(f"{case}.clipped_{key}", value.grad)
        fixture.note(case, {"max_norm": limit, "factor": "min(1, max_norm / (norm + 1e-6))"})

    schedules(fixture)
    fixture.save("optimizer.safetensors")


def warmed(regular, k, length, ratio):
    return regular * (1 - (1 - k / length) * (1 - ratio)) if k < length else regular


def schedules(fixture):
    """Learning rates before iteration k: the step and cosine policies of mmcv 1.6.0, written out."""
    # Step policy: 12 epochs of 7393 iterations, steps at epochs 8 and 11, linear warm-up of 500 from 0.001.
    base, per_epoch = 0.02, 7393
    iterations = [
        0,
        1,
        250,
        499,
        500,
        501,
        7392,
        7393,
        8 * per_epoch - 1,
        8 * per_epoch,
        11 * per_epoch - 1,
        11 * per_epoch,
        12 * per_epoch - 1,
    ]
    rates = [
        warmed(base * 0.1 ** sum(k // per_epoch >= s for s in (8, 11)), k, 500, 0.001) for k in iterations
    ]
    assert (
        abs(rates[0] - 2e-5) < 1e-15
        and abs(rates[2] - 0.01001) < 1e-15
        and abs(rates[3] - 0.01996004) < 1e-15
    )
    fixture.integers("step_by_epoch.iterations", iterations)
    fixture.double("step_by_epoch.rates", rates)
    fixture.note(
        "step_by_epoch",
        {
            "lr": base,
            "iterations_per_epoch": per_epoch,
            "steps": [8, 11],
            "gamma": 0.1,
            "warmup": "linear",
            "warmup_iterations": 500,
            "warmup_ratio": 0.001,
        },
    )
    # Step policy by iteration with a warm-up that reaches over a step, and constant warm-up.
    iterations = [0, 1, 299, 300, 499, 500, 8999, 9000, 10999, 11000, 11999]
    rates = [warmed(0.01 * 0.1 ** sum(k >= s for s in (300, 9000, 11000)), k, 500, 0.001) for k in iterations]
    fixture.integers("step_by_iteration.iterations", iterations)
    fixture.double("step_by_iteration.rates", rates)
    fixture.note(
        "step_by_iteration",
        {
            "lr": 0.01,
            "steps": [300, 9000, 11000],
            "gamma": 0.1,
            "warmup": "linear",
            "warmup_iterations": 500,
            "warmup_ratio": 0.001,
        },
    )
    iterations = [0, 1, 499, 500, 8999, 9000, 11000]
    rates = [0.01 * 0.1 ** sum(k >= s for s in (9000, 11000)) * (1 / 3 if k < 500 else 1) for k in iterations]
    fixture.integers("constant_warmup.iterations", iterations)
    fixture.double("constant_warmup.rates", rates)
    fixture.note(
        "constant_warmup",
        {
            "lr": 0.01,
            "steps": [9000, 11000],
            "gamma": 0.1,
            "warmup": "constant",
            "warmup_iterations": 500,
            "warmup_ratio": "1/3",
        },
    )
    # Cosine over 1000 iterations to 1 % of the base rate, linear warm-up of 100 from 0.001.
    base, least, length = 0.03, 0.0003, 1000
    iterations = [0, 1, 50, 99, 100, 250, 500, 750, 999]
    rates = [
        warmed(least + 0.5 * (base - least) * (math.cos(math.pi * k / length) + 1), k, 100, 0.001)
        for k in iterations
    ]
    fixture.integers("cosine.iterations", iterations)
    fixture.double("cosine.rates", rates)
    fixture.note(
        "cosine",
        {
            "lr": base,
            "minimum": least,
            "iterations": length,
            "warmup": "linear",
            "warmup_iterations": 100,
            "warmup_ratio": 0.001,
        },
    )
    # Momentum of the target network before iteration k of K: 1 - (1 - 0.996) (cos(pi k / K) + 1) / 2.
    length = 88716
    iterations = [0, 1, length // 4, length // 2, 3 * length // 4, length - 1]
    momenta = [1 - (1 - 0.996) * (math.cos(math.pi * k / length) + 1) / 2 for k in iterations]
    assert abs(momenta[1] - 0.996000000001254) < 1e-14 and abs(momenta[2] - 0.99658578643763) < 1e-13
    fixture.integers("target_momentum.iterations", iterations)
    fixture.double("target_momentum.momenta", momenta)
    fixture.note("target_momentum", {"base": 0.996, "end": 1.0, "iterations": length})


for family in (convolution, linear, pooling, normalization, activation, loss, optimizer):
    family()
