#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The workloads in NumPy, and the smallest in PyTorch, on one thread: numpy_fleets.py LIBWORKLOADS
prints the nanoseconds a problem takes as JSON, {workload: {peer: ns}}. Data and the right answers
come from that library, which lanefit-bench has as well.

Each gets its best reasonable use: all problems of a part in whole-array operations, normal equations
and a batched solve; "NumPy loop" is a call of lstsq for each problem, as most people write it.
"""

import ctypes
import json
import sys
import time

import numpy as np

# As in workloads.h and peers.h.


class Workload(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("problems", ctypes.c_size_t),
                ("rows", ctypes.c_size_t), ("fewest", ctypes.c_size_t),
                ("shared", ctypes.c_size_t), ("own", ctypes.c_size_t), ("f32", ctypes.c_int),
                ("images", ctypes.c_int), ("missing", ctypes.c_double), ("errors", ctypes.c_int)]


class Fleet(ctypes.Structure):
    _fields_ = [("problems", ctypes.c_size_t), ("rows", ctypes.c_size_t),
                ("shared", ctypes.c_size_t), ("own", ctypes.c_size_t),
                ("offset", ctypes.c_void_p), ("f32", ctypes.c_int), ("z", ctypes.c_void_p),
                ("x", ctypes.c_void_p), ("y", ctypes.c_void_p), ("x_problem", ctypes.c_size_t),
                ("x_row", ctypes.c_size_t), ("y_problem", ctypes.c_size_t),
                ("y_row", ctypes.c_size_t), ("coefficients", ctypes.c_void_p),
                ("standard_errors", ctypes.c_void_p), ("r_squared", ctypes.c_void_p),
                ("z_of_type", ctypes.c_void_p), ("kernels", ctypes.c_void_p)]


# Problems of a part: what NumPy makes on the way stays in the caches.
PART = {"W1_raster_trend": 1000, "W1_complete": 1000, "W3_tiny": 10000, "W4_ragged": 500,
        "W6_genome": 50, "W10_calibration_16x2": 1, "W10_calibration_80x3": 1}
PARTS = 11


def array(address, dtype, *shape):
    count = int(np.prod(shape))
    size = count * np.dtype(dtype).itemsize
    return np.frombuffer((ctypes.c_char * size).from_address(address), dtype).reshape(shape)


class Data:
    """A fleet's arrays, as they lie."""

    def __init__(self, library, index, parts):
        workload = (Workload * ctypes.c_size_t.in_dll(library, "workload_count").value).in_dll(
            library, "workloads")[index]
        self.library, self.fleet = library, Fleet()
        self.name = workload.name.decode()
        self.part = PART[self.name]
        problems = min(parts * self.part, workload.problems)
        if not library.workload_create(ctypes.byref(workload), ctypes.c_size_t(problems),
                                       ctypes.byref(self.fleet)):
            sys.exit("numpy_fleets.py: out of memory")
        f, dtype = self.fleet, np.float32 if workload.f32 else np.float64
        params = 1 + f.shared + f.own
        self.z = array(f.z, np.float64, f.rows, f.shared)
        self.offset = array(f.offset, np.uintp, problems + 1).astype(int) if f.offset else None
        rows = self.offset[-1] if f.offset else problems * f.rows
        x = array(f.x, dtype, rows, f.own)
        self.x = x if f.offset else x.reshape(problems, f.rows, f.own) if f.own else x
        y_shape = ((f.rows, problems) if workload.images else
                   (f.rows,) if f.shared and f.own else
                   (rows,) if f.offset else (problems, f.rows))
        self.y = array(f.y, dtype, *y_shape)
        self.coefficients = array(f.coefficients, np.float64, problems, params)
        if workload.errors:
            self.standard_errors = array(f.standard_errors, np.float64, problems, params)
            self.r_squared = array(f.r_squared, np.float64, problems)

    def holds(self, first, last):
        step = (last - first) // 16 + 1
        return all(self.library.workload_holds(ctypes.byref(self.fleet), ctypes.c_size_t(i))
                   for i in range(first, last, step))


def solved(d, first, last, gram, products, n, total, squares):
    """The outputs of problems whose normal equations are there."""
    inverse = np.linalg.inv(gram)
    b = np.einsum("ijk,ik->ij", inverse, products)
    d.coefficients[first:last] = b
    residual = squares - np.einsum("ij,ij->i", b, products)
    variance = residual / (n - b.shape[1])
    d.standard_errors[first:last] = np.sqrt(
        variance[:, None] * np.diagonal(inverse, axis1=1, axis2=2))
    d.r_squared[first:last] = 1 - residual / (squares - total * total / n)


def raster_trend(d, first, last):
    t, y = d.z[:, 0], d.y[:, first:last].astype(np.float64)
    there = ~np.isnan(y)
    y[~there] = 0
    n, sx, sy = there.sum(0), t @ there, y.sum(0)
    xx, xy, yy = (t * t) @ there, t @ y, np.einsum("ij,ij->j", y, y)
    gram = np.array([[n, sx], [sx, xx]]).transpose(2, 0, 1)
    solved(d, first, last, gram, np.array([sy, xy]).T, n, sy, yy)


def complete_trend(d, first, last):
    y = d.y[:, first:last].astype(np.float64)
    x = np.column_stack([np.ones(len(d.z)), d.z])
    gram = np.broadcast_to(x.T @ x, (last - first, 2, 2))
    solved(d, first, last, gram, (x.T @ y).T, float(len(x)), y.sum(0),
           np.einsum("ij,ij->j", y, y))


def tiny(d, first, last):
    x, y = d.x[first:last, :, 0], d.y[first:last]
    mean_x, mean_y = x.mean(1), y.mean(1)
    x = x - mean_x[:, None]
    slope = np.einsum("ij,ij->i", x, y) / np.einsum("ij,ij->i", x, x)
    d.coefficients[first:last, 0] = mean_y - slope * mean_x
    d.coefficients[first:last, 1] = slope


def tiny_loop(d, first, last):
    ones = np.ones(d.fleet.rows)
    for i in range(first, last):
        x = np.column_stack([ones, d.x[i]])
        d.coefficients[i] = np.linalg.lstsq(x, d.y[i], rcond=None)[0]


def ragged(d, first, last):
    begin, end = d.offset[first], d.offset[last]
    x = np.column_stack([np.ones(end - begin), d.x[begin:end]])
    starts = d.offset[first:last] - begin
    gram = np.add.reduceat(x[:, :, None] * x[:, None, :], starts)
    products = np.add.reduceat(x * d.y[begin:end, None], starts)
    d.coefficients[first:last] = np.linalg.solve(gram, products[:, :, None])[:, :, 0]


def ragged_loop(d, first, last):
    for i in range(first, last):
        rows = slice(d.offset[i], d.offset[i + 1])
        x = np.column_stack([np.ones(rows.stop - rows.start), d.x[rows]])
        d.coefficients[i] = np.linalg.lstsq(x, d.y[rows], rcond=None)[0]


def genome(d, first, last):
    x, y = d.x[first:last, :, 0].astype(np.float64), d.y.astype(np.float64)
    there = (~np.isnan(x)).astype(np.float64)
    x[there == 0] = 0
    z = np.column_stack([np.ones(len(d.z)), d.z])
    params, shared = z.shape[1] + 1, z.shape[1]
    gram = np.empty((last - first, params, params))
    pairs = (z[:, :, None] * z[:, None, :]).reshape(len(z), -1)
    gram[:, :shared, :shared] = (there @ pairs).reshape(-1, shared, shared)
    gram[:, :shared, shared] = gram[:, shared, :shared] = x @ z
    gram[:, shared, shared] = np.einsum("ij,ij->i", x, x)
    products = np.column_stack([there @ (z * y[:, None]), x @ y])
    solved(d, first, last, gram, products, there.sum(1), there @ y, there @ (y * y))


def genome_loop(d, first, last):
    z, y = np.column_stack([np.ones(len(d.z)), d.z]), d.y.astype(np.float64)
    for i in range(first, last):
        there = ~np.isnan(d.x[i, :, 0])
        x = np.column_stack([z[there], d.x[i, there, 0]])
        b, residual, *_ = np.linalg.lstsq(x, y[there], rcond=None)
        d.coefficients[i] = b
        variance = residual[0] / (len(x) - len(b))
        d.standard_errors[i] = np.sqrt(variance * np.diagonal(np.linalg.inv(x.T @ x)))
        centred = y[there] - y[there].mean()
        d.r_squared[i] = 1 - residual[0] / (centred @ centred)


def calibration(d, _first, _last):
    x = np.column_stack([np.ones(d.fleet.rows), d.x[0]])
    d.coefficients[0] = np.linalg.lstsq(x, d.y[0], rcond=None)[0]


def pytorch(torch):
    def fit(d, first, last):
        x, y = torch.from_numpy(d.x[first:last]), torch.from_numpy(d.y[first:last])
        design = torch.cat([torch.ones_like(x), x], 2)
        solution = torch.linalg.lstsq(design, y[:, :, None], driver="gels").solution
        d.coefficients[first:last] = solution[:, :, 0].numpy()
    return fit


FITS = {
    "W1_raster_trend": {"NumPy": raster_trend},
    "W1_complete": {"NumPy": complete_trend},
    "W3_tiny": {"NumPy": tiny, "NumPy loop": tiny_loop},
    "W4_ragged": {"NumPy": ragged, "NumPy loop": ragged_loop},
    "W6_genome": {"NumPy": genome, "NumPy loop": genome_loop},
    "W10_calibration_16x2": {"NumPy": calibration},
    "W10_calibration_80x3": {"NumPy": calibration},
}


def timed(d, peer, fit):
    """Nanoseconds a problem: the median over the parts, or over repeated calls of a single one."""
    problems, times = d.fleet.problems, []
    loops = 1 if problems > 1 else 100
    for first in list(range(0, problems, d.part)) * (1 if problems > 1 else PARTS):
        last = min(first + d.part, problems)
        d.coefficients[first:last] = 0
        start = time.perf_counter()
        for _ in range(loops):
            fit(d, first, last)
        times.append((time.perf_counter() - start) / loops / (last - first))
        if not d.holds(first, last):
            sys.exit(f"numpy_fleets.py: {peer} arrives at another result in {d.name}")
    return 1e9 * sorted(times)[len(times) // 2]


def main():
    library = ctypes.CDLL(sys.argv[1])
    fits = {name: dict(peers) for name, peers in FITS.items()}
    try:
        import torch
        torch.set_num_threads(1)
        fits["W3_tiny"]["PyTorch"] = pytorch(torch)
    except ImportError:
        pass
    result = {}
    for index, name in enumerate(PART):
        d = Data(library, index, PARTS)
        assert d.name == name
        result[name] = {peer: timed(d, peer, fit) for peer, fit in fits[name].items()}
        library.workload_destroy(ctypes.byref(d.fleet))
    json.dump(result, sys.stdout)


main()
