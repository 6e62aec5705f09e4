#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the traces in this folder with PyTorch.

The files here were made by PyTorch 1.13.1 (Debian 12: apt install python3-torch) on an x86 CPU with
AVX2. Its portable build, builds for other CPUs and its kernels for AVX-512 round differently.

  python3 make_traces.py           writes the files here
  python3 make_traces.py --check   compares instead, and exits 1 where a file differs

linear-*.csv, shared-*.csv, runs.csv and draws.csv trace runs of one-sample SGD and uniform draws;
networks.csv, which networks.py explains, traces small networks, trainings.csv (trainings.py) layers
trained on shuffled batches; the others, which operations.py explains, trace single operations.
"""

import argparse
import os
import pathlib
import struct
import sys

os.environ["ATEN_CPU_CAPABILITY"] = "avx2"  # Torch reads it as it is loaded.
import torch

from formats import DTYPES, hexadecimal
from networks import networks_file
from operations import activations_file, losses_file, normals_file, optimizers_file
from trainings import trainings_file

HERE = pathlib.Path(__file__).parent


def run(model_name, dtype, seed, steps, lr, weight, bias):
    """The rows (x, y, prediction, loss, weight, bias) of a run; the first holds the start alone."""
    torch.set_default_dtype(DTYPES[dtype])
    torch.manual_seed(seed)
    linear = torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD(linear.parameters(), lr=lr)
    yield (linear.weight.item(), linear.bias.item())
    for _ in range(steps):
        x = torch.rand(1)
        y = x * weight + bias
        prediction = linear(x) if model_name == "linear" else linear(linear(x))
        loss = torch.nn.functional.mse_loss(prediction, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield (x.item(), y.item(), prediction.item(), loss.item(), linear.weight.item(), linear.bias.item())


def trace_file(model_name, seed):
    lines = ["iteration,x,y,prediction,loss,weight,bias"]
    for i, row in enumerate(run(model_name, "f32", seed, 5000, 0.01, 1.233, 0.988)):
        cells = [""] * (6 - len(row)) + [hexadecimal(value) for value in row]
        lines.append(",".join([str(i)] + cells))
    return "\n".join(lines) + "\n"


def fnv1a(rows):
    """FNV-1a, 64 bits, over the values of all rows as little-endian doubles."""
    digest = 0xCBF29CE484222325
    for row in rows:
        for byte in struct.pack(f"<{len(row)}d", *row):
            digest = ((digest ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return digest


def runs_file():
    """One line a run over many seeds, step counts, rates, lines and both types."""
    settings = []
    for model_name in ("linear", "shared"):
        for dtype in ("f32", "f64"):
            for seed in (0, 1, 3, 1024, 2**31, 2**32 - 1, 2**32 + 5, 2**64 - 1, -1, -(2**63)):
                settings.append((model_name, dtype, seed, 700, 0.01, 1.233, 0.988))
            for steps in (1, 2, 13, 14, 15, 30, 31, 600, 625, 1300, 5000):
                settings.append((model_name, dtype, 1024, steps, 0.01, 1.233, 0.988))
            for lr in (0.0, 1e-5, 0.003, 0.1):
                settings.append((model_name, dtype, 7, 500, lr, 1.233, 0.988))
            for weight, bias in ((0.0, 0.0), (-2.5, 1.75), (1e-3, -3.0), (0.9, 0.1)):
                settings.append((model_name, dtype, 42, 500, 0.02, weight, bias))
    lines = ["model,dtype,seed,steps,lr,true_weight,true_bias,weight,bias,fnv1a"]
    for setting in settings:
        rows = list(run(*setting))
        values = [str(value) for value in setting] + [hexadecimal(value) for value in rows[-1][-2:]]
        lines.append(",".join(values + [f"{fnv1a(rows):016x}"]))
    return "\n".join(lines) + "\n"


def draws_file():
    """One line an array: torch.rand, and the start of torch.nn.Linear layers."""
    lines = ["kind,dtype,seed,in,out,fnv1a"]
    for dtype in ("f32", "f64"):
        torch.set_default_dtype(DTYPES[dtype])
        for seed in (0, 5489, 2**32 + 7):
            for n in (1, 15, 16, 17, 311, 312, 313, 2000):
                torch.manual_seed(seed)
                lines.append(f"rand,{dtype},{seed},{n},1,{fnv1a([torch.rand(n).tolist()]):016x}")
            for inputs, outputs in ((1, 1), (2, 1), (3, 2), (7, 5), (16, 16), (13, 7), (100, 30)):
                torch.manual_seed(seed)
                layer = torch.nn.Linear(inputs, outputs)
                values = layer.weight.flatten().tolist() + layer.bias.tolist()
                lines.append(f"linear,{dtype},{seed},{inputs},{outputs},{fnv1a([values]):016x}")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the files that are here")
    check = parser.parse_args().check
    torch.set_num_threads(1)
    files = {f"{name}-seed{seed}.csv": lambda name=name, seed=seed: trace_file(name, seed)
             for name in ("linear", "shared") for seed in (0, 1024)}
    files["runs.csv"] = runs_file
    files["draws.csv"] = draws_file
    files["losses.csv"] = losses_file
    files["activations.csv"] = activations_file
    files["optimizers.csv"] = optimizers_file
    files["normals.csv"] = normals_file
    files["networks.csv"] = networks_file
    files["trainings.csv"] = trainings_file
    differing = 0
    for name, make in files.items():
        text = make()
        if not check:
            (HERE / name).write_text(text)
        elif (HERE / name).read_text() != text:
            print(f"{name} differs", file=sys.stderr)
            differing += 1
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
