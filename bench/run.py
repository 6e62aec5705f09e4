#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the curated benchmarks and writes bench/results; './dev bench --help' says how.

A family is a filter of lanefit-bench. All families are run in rounds, so that a neighbour who comes
and goes meets all of them; a number is the median over the rounds.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import report

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent

# name, filter, that of --quick ("": not there), seconds of lanefit's time that a benchmark gets.
FAMILIES = [
    ("limits", "^limit/", "^limit/", 0.02),
    ("run", "^run/", "^run/", 0.1),
    ("lanes", "^lanes/", "", 0.05),
    ("autograd", "^autograd/", "^autograd/", 0.02),
    ("epoch", "^epoch/", "^epoch/", 0.1),
    ("one_pass", "^one_pass/", "^one_pass/[a-z0-9]+/[0-9]{3,7}x", 0.02),
    ("affine", "^affine/", "^affine/", 0.002),
    ("forward_backward", "^forward_backward/", "^forward_backward/", 0.002),
    ("pass", "^pass/", "", 0.02),
    ("kernel", "^kernel/.*/f32/", "^kernel/.*/f32/", 0.002),
    ("kernel_f64", "^kernel/.*/f64/", "", 0.002),
    ("workload", "^workload/", "^workload/", 0.1),
    ("threads", "^threads/", "", 0.2),
]
UNPINNED = {"threads"}
LOADS = 7  # fresh processes a round


def arguments():
    parser = argparse.ArgumentParser(
        prog="./dev bench",
        description="Times lanefit beside its peers and limits, and writes bench/results: "
        "results.json, a table per family (*.md) and pictures (*.svg).",
        epilog="Example: ./dev bench --quick. Single benchmarks: build/lanefit-bench --help",
    )
    parser.add_argument("--quick", action="store_true", help="fewer families, 3 rounds")
    parser.add_argument("--rounds", type=int, help="how often each is run (7, or 3 with --quick)")
    parser.add_argument("--isa", help="the table to time, instead of the fastest that runs here")
    parser.add_argument("--cpu", type=int, help="the core to stay on, instead of the last")
    parser.add_argument("--only", help="families, with commas between: "
                        + ", ".join(family[0] for family in FAMILIES))
    parser.add_argument("--output", type=pathlib.Path, default=HERE / "results",
                        help="the folder to write, instead of bench/results")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build",
                        help="the folder that has lanefit-bench")
    chosen = parser.parse_args()
    if chosen.rounds is None:
        chosen.rounds = 3 if chosen.quick else 7
    if chosen.rounds < 1:
        parser.error("--rounds takes a number from 1 up")
    if chosen.cpu is not None and chosen.cpu not in os.sched_getaffinity(0):
        parser.error(f"--cpu takes one of {sorted(os.sched_getaffinity(0))}")
    names = [family[0] for family in FAMILIES if family[2] or not chosen.quick]
    chosen.only = chosen.only.split(",") if chosen.only else names
    unknown = set(chosen.only) - {family[0] for family in FAMILIES}
    if unknown:
        parser.error(f"--only knows no family {', '.join(sorted(unknown))}")
    return chosen


# ---- the machine ---------------------------------------------------------------------------------


def cpu_name():
    for line in open("/proc/cpuinfo", encoding="utf-8"):
        if line.startswith(("model name", "CPU part")):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def first_line(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.splitlines()[0]
    except (OSError, IndexError):
        return "unknown"


def machine(build, isa):
    return {
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "memory_GB": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9),
        "system": first_line("uname", "-sr"),
        "compiler": first_line(os.environ.get("CC", "cc"), "--version"),
        "lanefit": first_line(str(build / "lanefit"), "--version"),
        "isa": isa,
        "date": datetime.date.today().isoformat(),
        "command": "./dev bench " + " ".join(sys.argv[1:]),
    }


def stolen():
    """Seconds that the host gave to others while this machine wanted to run, since it started."""
    fields = open("/proc/stat", encoding="utf-8").readline().split()
    return int(fields[8]) / os.sysconf("SC_CLK_TCK") if len(fields) > 8 else 0.0


# ---- running -------------------------------------------------------------------------------------


class Progress:
    """A line on stderr where that is a terminal."""

    def __init__(self, total):
        self.total, self.done, self.start = total, 0, time.monotonic()
        self.shown = sys.stderr.isatty()

    def step(self, name):
        self.done += 1
        if self.shown:
            left = (time.monotonic() - self.start) / self.done * (self.total - self.done)
            text = f"{self.done}/{self.total}  {left / 60:.0f} min left  {name}"
            sys.stderr.write("\r\033[K" + text[:100])
            sys.stderr.flush()

    def clear(self):
        if self.shown:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()


def pin(cpu, free):
    os.sched_setaffinity(0, free if cpu is None else {cpu})


def run_bench(program, isa, family, progress):
    """The rows of one family, once."""
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        command = [program, "--isa", isa, f"--benchmark_filter={family[1]}",
                   f"--benchmark_min_time={family[2]}", f"--benchmark_out={out.name}",
                   "--benchmark_out_format=json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True) as child:
            try:
                for line in child.stdout:
                    if "/manual_time" in line:
                        progress.step(line.split("/manual_time")[0])
            except KeyboardInterrupt:
                child.kill()
                raise
        if child.returncode != 0:
            sys.exit(f"bench: {' '.join(map(str, command))} failed")
        return json.load(out)["benchmarks"]


def python_with(module):
    """An interpreter that has it, or None."""
    return next((p for p in ("/usr/bin/python3", sys.executable)
                 if subprocess.run([p, "-c", f"import {module}"],
                                   capture_output=True).returncode == 0), None)


def run_pytorch(build):
    """Nanoseconds a step by model, or nothing where PyTorch is not there; and what went wrong."""
    python = python_with("torch")
    if not python:
        return {}, []
    theirs = subprocess.run([python, HERE / "peers" / "pytorch_line.py"], capture_output=True,
                            text=True)
    ours = "".join(f"{model}\n" + subprocess.run([build / "lanefit", "reproduce", model],
                                                 capture_output=True, text=True).stdout
                   for model in ("linear", "shared"))
    if theirs.returncode != 0 or theirs.stdout != ours:
        return {}, ["PyTorch arrives at other parameters than lanefit:\n"
                    + theirs.stdout + theirs.stderr]
    ns = json.loads(theirs.stderr.splitlines()[-1])["ns"]
    return {f"run/{model}/f32": {"PyTorch": value} for model, value in ns.items()}, []


def run_numpy(build):
    """Nanoseconds a problem by workload and peer, or nothing; and what went wrong."""
    python = python_with("numpy")
    if not python:
        return {}, []
    library = build / "bench" / "libworkloads.so"
    done = subprocess.run([python, HERE / "peers" / "numpy_fleets.py", library],
                          capture_output=True, text=True)
    if done.returncode != 0:
        return {}, [done.stderr]
    return {f"workload/{name}": ns for name, ns in json.loads(done.stdout).items()}, []


def take_loads(results, build):
    """Loading the library, in processes of their own: lanefit's time is that of all it needs."""
    runs = [json.loads(subprocess.run([build / "lanefit-load", build / "src" / "liblanefit.so"],
                                      capture_output=True, text=True, check=True).stdout)
            for _ in range(LOADS)]
    ns = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    parts = ("libm", "sleef", "library", "first_model")
    entry = results["rows"].setdefault("load/first_model", {
        "label": "ns a process", "values": {}})
    values = {"lanefit": sum(ns[name] for name in parts),
              **{name: ns[name] for name in ("OpenBLAS", "libtorch") if ns[name] > 0}}
    for name, value in values.items():
        entry["values"].setdefault(f"{name}_ns", []).append(value)
    results["load"] = {name: round(ns[name]) for name in parts}


def take(results, rows):
    """Adds the numbers of one round."""
    for row in rows:
        name = row["name"].removesuffix("/manual_time")
        if row.get("error_occurred"):
            results["failures"].append(f"{name}: {row['error_message']}")
            continue
        entry = results["rows"].setdefault(name, {"label": row.get("label", ""), "values": {}})
        for key, value in row.items():
            if key.endswith(("_ns", "_s")) or key in ("best", "of_limit", "spread"):
                entry["values"].setdefault(key, []).append(value)


def take_script(results, isa, times, failures):
    """Adds what a script has timed to the rows of the same benchmarks."""
    results["failures"] += failures
    for name, peers in times.items():
        entry = results["rows"].get(f"{name}/{isa}")
        for peer, ns in peers.items() if entry else ():
            entry["values"].setdefault(f"{peer}_ns", []).append(ns)


def save(results, folder):
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / "results.json.new"
    beside.write_text(json.dumps(results, indent=1) + "\n")
    beside.replace(folder / "results.json")


def count(program, isa, families):
    names = [subprocess.run([program, "--isa", isa, f"--benchmark_filter={family[1]}",
                             "--benchmark_list_tests"], capture_output=True, text=True).stdout
             for family in families]
    return sum(len(text.splitlines()) for text in names)


def rounds(chosen, isa, families, results):
    program, free = chosen.build / "lanefit-bench", os.sched_getaffinity(0)
    cpu = max(free) if chosen.cpu is None else chosen.cpu
    progress = Progress(chosen.rounds * count(program, isa, families))
    begin, before = time.monotonic(), stolen()
    try:
        for number in range(chosen.rounds):
            for family in families:
                pin(None if family[0] in UNPINNED else cpu, free)
                take(results, run_bench(program, isa, family, progress))
                if family[0] == "limits":
                    take_loads(results, chosen.build)
                if family[0] == "run":
                    take_script(results, isa, *run_pytorch(chosen.build))
                if family[0] == "workload":
                    take_script(results, isa, *run_numpy(chosen.build))
                results["rounds"] = number + 1
                results["stolen"] = (stolen() - before) / (time.monotonic() - begin)
                save(results, chosen.output)
    finally:
        progress.clear()
        pin(None, free)


def main():
    chosen = arguments()
    # libtorch and PyTorch set their own threads to one, not those of the BLAS below them.
    os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    tables = subprocess.run([chosen.build / "lanefit", "info"], capture_output=True, text=True)
    known = dict(line.split(maxsplit=1) for line in tables.stdout.splitlines())
    isa = chosen.isa or known["chosen"]
    if isa not in known["tables"].split():
        sys.exit(f"bench: --isa takes one of {known['tables']}, not '{isa}'")
    families = [(name, quick if chosen.quick and quick else everything, seconds)
                for name, everything, quick, seconds in FAMILIES if name in chosen.only]
    results = {"machine": machine(chosen.build, isa), "rounds": 0, "rows": {},
               "failures": []}
    interrupted = False
    try:
        rounds(chosen, isa, families, results)
    except KeyboardInterrupt:
        interrupted = True
        print("bench: interrupted; what there is is written", file=sys.stderr)
    if results["rows"]:
        save(results, chosen.output)
        report.write(results, chosen.output)
    for failure in results["failures"]:
        print(f"bench: FAILED {failure}", file=sys.stderr)
    sys.exit(130 if interrupted else 1 if results["failures"] else 0)


if __name__ == "__main__":
    main()
