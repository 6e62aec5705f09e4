#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The post's runs in PyTorch, on one thread: what `lanefit reproduce linear shared` prints, and on
stderr the nanoseconds that a step took, as JSON."""

import json
import sys
import time

import torch

STEPS = 5000


def run(applications):
    torch.manual_seed(1024)
    linear = torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD(linear.parameters(), lr=0.01)
    loss_function = torch.nn.MSELoss()
    start = time.perf_counter()
    for _ in range(STEPS):
        x = torch.rand(1)
        y = x * 1.233 + 0.988
        prediction = x
        for _ in range(applications):
            prediction = linear(prediction)
        loss = loss_function(prediction, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    seconds = time.perf_counter() - start
    return linear.weight.item(), linear.bias.item(), 1e9 * seconds / STEPS


def main():
    torch.set_num_threads(1)
    times = {}
    for name, applications in (("linear", 1), ("shared", 2)):
        run(applications)  # warm
        weight, bias, times[name] = run(applications)
        print(f"{name}\nlinear.weight={weight:.3f}\nlinear.bias={bias:.3f}")
    json.dump({"ns": times, "version": torch.__version__}, sys.stderr)


main()
