# SPDX-License-Identifier: MIT
"""Traces of single operations: losses, activations, optimizers and normal draws.

An array is a cell of numbers with spaces between. Long inputs are not stored: they come from a
generator (words, fraction) that any program can repeat exactly.
"""

import itertools
import math

import torch

from formats import DTYPES, cell


def words(seed):
    """splitmix64: its state starts at the seed."""
    for i in itertools.count(1):
        z = (seed + i * 0x9E3779B97F4A7C15) % 2**64
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
        yield z ^ z >> 31


def fraction(dtype, word):
    """The word's upper 24 bits (f32) or 53 (f64) as a number in [0,1). Exact."""
    bits = 24 if dtype == "f32" else 53
    return math.ldexp(word >> 64 - bits, -bits)


def regression_inputs(dtype, n, delta):
    """The n predictions, and the n targets. Each element takes two words of words(n); then among
    each eight 3 is d = 0, 5 is d = -0.0, 6 and 7 are |d| = delta."""
    stream = words(n)
    prediction, target = [], []
    for i in range(n):
        p, t = (8 * fraction(dtype, next(stream)) - 4 for _ in range(2))
        p, t = {3: (p, p), 5: (-0.0, 0.0), 6: (delta, 0.0), 7: (0.0, delta)}.get(i % 8, (p, t))
        prediction.append(p)
        target.append(t)
    return prediction, target


def logit_inputs(dtype, n):
    """As regression_inputs, but p in [-8,8) and t in [0,1); then among each eight 1 is t = 0 and 2
    is t = 1, and elements 4 to 11 among each sixteen have a p from the list."""
    special = (30.0, -30.0, 100.0, -100.0, 800.0, -800.0, 0.0, -0.0)
    stream = words(n)
    prediction, target = [], []
    for i in range(n):
        p = 16 * fraction(dtype, next(stream)) - 8
        t = fraction(dtype, next(stream))
        t = {1: 0.0, 2: 1.0}.get(i % 8, t)
        p = special[(i + i // 16) % 8] if 4 <= i % 16 <= 11 else p
        prediction.append(p)
        target.append(t)
    return prediction, target


def count_inputs(dtype, n):
    """As logit_inputs, but p in [-2,2), t the second word's upper 3 bits, and another list."""
    special = (30.0, -30.0, -100.0, -800.0, 0.0, -0.0, 8.0, -8.0)
    stream = words(n)
    prediction, target = [], []
    for i in range(n):
        p = 4 * fraction(dtype, next(stream)) - 2
        t = float(next(stream) >> 61)
        p = special[(i + i // 16) % 8] if 4 <= i % 16 <= 11 else p
        prediction.append(p)
        target.append(t)
    return prediction, target


def losses_file():
    """One line a loss: values with reduction "none"; the reduced loss, and its gradient with regard
    to the prediction, with "mean" and with "sum", each backward from `upstream`. The inputs are as
    above; losses without a delta have 1."""
    functional = torch.nn.functional
    settings = [(name, 1.0, n, 1.0) for name in ("mse_loss", "l1_loss", "huber_loss",
                                                "binary_cross_entropy_with_logits", "poisson_nll_loss")
                for n in (1, 2, 7, 16, 33, 100)]
    settings += [("huber_loss", delta, 33, 1.0) for delta in (0.25, 0.3, 2.7)]
    settings += [(name, 0.3 if name == "huber_loss" else 1.0, 19, -0.7) for name, _, n, _ in settings if n == 1]
    lines = ["dtype,loss,delta,n,upstream,values,mean,mean_grads,sum,sum_grads"]
    for dtype in DTYPES:
        torch.set_default_dtype(DTYPES[dtype])
        for name, delta, n, upstream in settings:
            if name == "poisson_nll_loss":
                inputs = count_inputs(dtype, n)
            elif name == "binary_cross_entropy_with_logits":
                inputs = logit_inputs(dtype, n)
            else:
                inputs = regression_inputs(dtype, n, delta)
            options = {"delta": delta} if name == "huber_loss" else {}
            target = torch.tensor(inputs[1])
            cells = [dtype, name, repr(delta), str(n), repr(upstream)]
            for reduction in ("none", "mean", "sum"):
                prediction = torch.tensor(inputs[0], requires_grad=True)
                loss = getattr(functional, name)(prediction, target, reduction=reduction, **options)
                cells.append(cell(loss.detach().flatten()))
                if reduction != "none":
                    loss.backward(torch.tensor(upstream))
                    cells.append(cell(prediction.grad))
            lines.append(",".join(cells))
    return "\n".join(lines) + "\n"


def activations_file():
    """One line a function: arguments, gradients from upstream, values, gradients."""
    functions = {"relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid,
                 "softplus": torch.nn.functional.softplus, "gelu": torch.nn.functional.gelu,
                 "exp": torch.exp, "log": torch.log}
    lines = ["dtype,function,x,upstream,values,grads"]
    for dtype in DTYPES:
        torch.set_default_dtype(DTYPES[dtype])
        tiny = torch.finfo(DTYPES[dtype]).tiny
        magnitudes = [0.0, tiny, 1e-20, 1e-6, 1e-3, 0.03125, 0.25, 0.5, 0.625, 1.0, 1.3, 2.0, 3.0, 4.5, 6.0, 9.0,
                      12.0, 17.0, 20.0, 20.5, 30.0, 40.0, 88.0, 89.0, 104.0, 709.0, 750.0, 1e10, math.inf]
        points = [x for magnitude in magnitudes for x in (magnitude, -magnitude)] + [math.nan]
        for name, function in functions.items():
            values = points
            if name == "log":  # Wide in scale, and dense around 1.
                values = [x for x in points if not x < 0] + [2.0**k * 1.1 for k in range(-120, 121, 30)]
                values += [1 + k / 64 for k in range(-16, 17, 2) if k]
            x = torch.tensor(values, requires_grad=True)
            y = function(x)
            upstream = torch.tensor([(1 + i % 5) * (-0.25) ** (i % 2) for i in range(len(values))])
            y.backward(upstream)
            lines.append(",".join([dtype, name, cell(x), cell(upstream), cell(y), cell(x.grad)]))
    return "\n".join(lines) + "\n"


def optimizers_file():
    """Lines for steps 1, 2, 3, 10 and 50: parameters; at step 50 also momentum, or first and second
    moments. The words of words(n) go to the n parameters at the start, in [-1,1), then to the n
    gradients of each step: element i's in [-1,1) 2^-(i % 8), but 0 for element 3 in odd steps."""
    columns = ["lr", "momentum", "nesterov", "weight_decay", "beta1", "beta2", "eps"]
    settings = [("SGD", {"lr": 0.1}),
                ("SGD", {"lr": 0.01, "momentum": 0.9}),
                ("SGD", {"lr": 0.01, "momentum": 0.9, "nesterov": True}),
                ("SGD", {"lr": 0.1, "weight_decay": 0.05}),
                ("SGD", {"lr": 0.03, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
                ("Adam", {}),
                ("Adam", {"weight_decay": 0.1}),
                ("Adam", {"lr": 0.02, "betas": (0.8, 0.95), "eps": 1e-3}),
                ("AdamW", {}),
                ("AdamW", {"lr": 0.02, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.3})]
    lines = [",".join(["dtype", "optimizer"] + columns + ["n", "step", "parameters", "first", "second"])]
    for dtype, (name, options), n in itertools.product(DTYPES, settings, (1, 19)):
        torch.set_default_dtype(DTYPES[dtype])
        stream = words(n)
        parameters = torch.tensor([2 * fraction(dtype, next(stream)) - 1 for _ in range(n)], requires_grad=True)
        optimizer = getattr(torch.optim, name)([parameters], **options)
        group = dict(optimizer.param_groups[0])
        group["beta1"], group["beta2"] = group.get("betas", ("", ""))
        chosen = [str(group.get(column, "")) for column in columns]
        for step in range(1, 51):
            parameters.grad = torch.tensor([math.ldexp(2 * fraction(dtype, next(stream)) - 1, -(i % 8))
                                            for i in range(n)])
            if n > 3 and step % 2 == 1:
                parameters.grad[3] = 0.0
            optimizer.step()
            state = optimizer.state[parameters]
            moments = [state.get("momentum_buffer", state.get("exp_avg")), state.get("exp_avg_sq")]
            if step in (1, 2, 3, 10, 50):
                kept = [cell(moment) if step == 50 and moment is not None else "" for moment in moments]
                lines.append(",".join([dtype, name, *chosen, str(n), str(step), cell(parameters), *kept]))
    return "\n".join(lines) + "\n"


def normals_file():
    """One line a call; a line with a seed calls torch.manual_seed first, others go on. `normal` is
    torch.randn, or normal_ with a mean and a deviation; `uniform` is torch.rand."""
    runs = [[("normal", n, 0, 1)] for n in (3, 15, 16, 17, 31, 32, 33, 64, 100)]
    runs += [[("normal", 1, 0, 1)] * 2, [("normal", 2, 0, 1)] * 2]
    runs += [[("normal", 1, 0, 1), ("uniform", 2, 0, 1), ("normal", 3, 0, 1), ("normal", 1, 0, 1)],
             [("normal", 15, 0, 1), ("normal", 16, 0, 1), ("normal", 1, 0, 1), ("uniform", 1, 0, 1)],
             [("normal", 17, 0, 1), ("uniform", 3, 0, 1), ("normal", 16, 0, 1)],
             [("normal", 3, 1.3, 0.7), ("normal", 3, -2.0, 1e-3)],
             [("normal", 33, 1.3, 0.7), ("normal", 1, 1.3, 0.7)]]
    lines = ["dtype,seed,draw,n,mean,std,values"]
    for dtype, seed, run_calls in itertools.product(DTYPES, (0, 2**32 - 1), runs):
        torch.set_default_dtype(DTYPES[dtype])
        torch.manual_seed(seed)
        start = str(seed)
        for draw, n, mean, std in run_calls:
            if draw == "uniform":
                values = torch.rand(n)
            elif (mean, std) == (0, 1):
                values = torch.randn(n)
            else:
                values = torch.empty(n).normal_(mean, std)
            lines.append(f"{dtype},{start},{draw},{n},{mean},{std},{cell(values)}")
            start = ""
    # Both types draw from one cache.
    torch.manual_seed(7)
    lines.append(f"f32,7,normal,3,0,1,{cell(torch.randn(3, dtype=torch.float32))}")
    lines.append(f"f64,,normal,1,0,1,{cell(torch.randn(1, dtype=torch.float64))}")
    return "\n".join(lines) + "\n"
