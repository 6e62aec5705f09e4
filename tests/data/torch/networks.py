# SPDX-License-Identifier: MIT
"""Traces of small networks trained for 1,000 steps: the loss before some of them.

The parameters are those of torch.manual_seed(SEED) and torch.nn.Sequential; the data follow: x =
rand(32, 1) * 6 - 3, then a sine of x, or whether it is above 0.5, or a count.
"""

import torch

from formats import DTYPES, hexadecimal

SEED = 5
ROWS = 32
STEPS = 1000
SHOWN = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 999]


def sine(x):
    """The target of the regressions: exact sums of powers, for there are sines and sines."""
    return x - x**3 / 8


NETWORKS = {
    "tanh-adam": (
        torch.nn.Tanh, [1, 16, 16, 1], sine, torch.nn.functional.mse_loss,
        lambda p: torch.optim.Adam(p, lr=0.01),
    ),
    "gelu-adamw-huber": (
        torch.nn.GELU, [1, 8, 1], sine, lambda p, t: torch.nn.functional.huber_loss(p, t, delta=0.5),
        lambda p: torch.optim.AdamW(p, lr=0.02),
    ),
    "softplus-nesterov": (
        torch.nn.Softplus, [1, 8, 8, 1], sine, torch.nn.functional.mse_loss,
        lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.9, nesterov=True, weight_decay=0.001),
    ),
    "sigmoid-logistic": (
        torch.nn.Sigmoid, [1, 6, 1], lambda x: (sine(x) > 0.5).to(x.dtype),
        torch.nn.functional.binary_cross_entropy_with_logits,
        lambda p: torch.optim.SGD(p, lr=0.5, momentum=0.5),
    ),
    "tanh-poisson": (
        torch.nn.Tanh, [1, 4, 1], lambda x: (x * x).round(),
        lambda p, t: torch.nn.functional.poisson_nll_loss(p, t, log_input=True, full=False),
        lambda p: torch.optim.SGD(p, lr=0.05),
    ),
}


def losses(name, dtype):
    """The loss before each step."""
    activation, sizes, target_of, criterion, optimizer_of = NETWORKS[name]
    torch.set_default_dtype(DTYPES[dtype])
    torch.manual_seed(SEED)
    modules = []
    for i, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):
        modules += [activation()] if i > 0 else []
        modules += [torch.nn.Linear(inputs, outputs)]
    network = torch.nn.Sequential(*modules)
    x = torch.rand(ROWS, 1) * 6 - 3
    target = target_of(x)
    optimizer = optimizer_of(network.parameters())
    for _ in range(STEPS):
        loss = criterion(network(x), target)
        yield loss.item()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def networks_file():
    lines = ["network,dtype,step,loss"]
    for name in NETWORKS:
        for dtype in DTYPES:
            for step, loss in enumerate(losses(name, dtype)):
                if step in SHOWN:
                    lines.append(f"{name},{dtype},{step},{hexadecimal(loss)}")
    return "\n".join(lines) + "\n"
