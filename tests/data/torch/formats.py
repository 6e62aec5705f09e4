# SPDX-License-Identifier: MIT
"""How the traces write numbers."""

import math

import torch

DTYPES = {"f32": torch.float32, "f64": torch.float64}


def hexadecimal(value):
    """C's %a: as Python's float.hex, without the zeros at the end."""
    if not math.isfinite(value):
        return str(value)
    mantissa, exponent = value.hex().split("p")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}p{exponent}"


def cell(values):
    """The elements of a tensor or list."""
    return " ".join(hexadecimal(value) for value in torch.as_tensor(values).tolist())
