# SPDX-License-Identifier: MIT
"""Traces of linear layers trained for 5 epochs on batches of torch.randperm: the parameters after
each epoch.

After torch.manual_seed(SEED) and the layer come x = rand(ROWS, in) and y = x1 + 2 x2 + 3 x3 .. in
the order of the columns, each product rounded, minus a half.
"""

import torch

from formats import DTYPES, cell

SEED = 11
ROWS = 100
EPOCHS = 5

TRAININGS = {
    # name: inputs, batch, optimizer
    "sgd": (3, 16, lambda p: torch.optim.SGD(p, lr=0.1)),
    "momentum": (3, 16, lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9)),
    "adam": (3, 16, lambda p: torch.optim.Adam(p, lr=0.05)),
    "single": (1, 1, lambda p: torch.optim.SGD(p, lr=0.05)),
    "full": (3, 100, lambda p: torch.optim.SGD(p, lr=0.3)),
}


def epochs(name, dtype):
    inputs, batch, optimizer_of = TRAININGS[name]
    torch.set_default_dtype(DTYPES[dtype])
    torch.manual_seed(SEED)
    layer = torch.nn.Linear(inputs, 1)
    x = torch.rand(ROWS, inputs)
    y = x[:, 0]
    for i in range(1, inputs):
        y = y + x[:, i] * (i + 1)
    y = (y - 0.5).reshape(ROWS, 1)
    optimizer = optimizer_of(layer.parameters())
    for epoch in range(EPOCHS):
        order = torch.randperm(ROWS)
        for start in range(0, ROWS, batch):
            rows = order[start:start + batch]
            loss = torch.nn.functional.mse_loss(layer(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        yield torch.cat([layer.weight.flatten(), layer.bias]).detach()


def trainings_file():
    lines = ["training,dtype,epoch,parameters"]
    for name in TRAININGS:
        for dtype in DTYPES:
            for epoch, parameters in enumerate(epochs(name, dtype)):
                lines.append(f"{name},{dtype},{epoch + 1},{cell(parameters)}")
    return "\n".join(lines) + "\n"
