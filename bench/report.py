#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tables and pictures of the results that run.py collects: report.py FOLDER makes them anew."""

import json
import math
import pathlib
import statistics
import subprocess
import sys

NOISY = 0.10  # a ratio that moves by more between rounds is not to be relied on
BLUE, RED, SKY, ORANGE, GREEN, BLACK = (
    "#0072b2", "#cc3311", "#56b4e9", "#e69f00", "#009e73", "#000000")
COLOURS = {"lanefit": BLUE, "OpenBLAS": ORANGE, "Eigen": GREEN, "LIBXSMM": SKY, "plain": RED,
           "libtorch": ORANGE, "PyTorch": RED, "limit": BLACK}


# ---- numbers -------------------------------------------------------------------------------------


def median(row, key):
    values = row["values"].get(key)
    return statistics.median(values) if values else None


def contenders(row):
    return [key[:-3] for key in row["values"] if key.endswith("_ns")]


def limit_of(row):
    """What the limit is; where two are close it may be the other one in another round."""
    return row["label"].rpartition("limit: ")[2] if "limit: " in row["label"] else None


def peers(row):
    return [name for name in contenders(row) if name not in ("lanefit", "limit")]


def best_peer(row, but=()):
    """The fastest peer and its time as a multiple of lanefit's, round by round."""
    names = [name for name in peers(row) if name not in but]
    if not names or "lanefit_ns" not in row["values"]:
        return None, []
    name = min(names, key=lambda n: median(row, n + "_ns"))
    return name, [theirs / ours for theirs, ours in
                  zip(row["values"][name + "_ns"], row["values"]["lanefit_ns"])]


def spread(values):
    """Half the distance of the extremes, as a fraction of the median."""
    return (max(values) - min(values)) / 2 / statistics.median(values) if len(values) > 1 else 0.0


def geometric_mean(values):
    return math.exp(statistics.fmean(math.log(value) for value in values))


def shape(name):
    """(rows, in, out) of a name that ends in ROWSxIN->OUT."""
    rows, rest = name.rpartition("/")[2].split("x")
    first, out = rest.split("->")
    return int(rows), int(first), int(out)


def number(value):
    """Four digits, with a prefix."""
    if value is None:
        return ""
    for factor, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= factor:
            return f"{value / factor:.4g}{unit}"
    return f"{value:.4g}"


# ---- tables --------------------------------------------------------------------------------------


def family_of(name):
    return name.split("/")[0]


def table(rows):
    """One table: a column for every contender of the family, in ns."""
    names = []
    for row in rows.values():
        names += [name for name in contenders(row) if name not in names]
    names.sort(key=lambda name: (name != "lanefit", name == "limit"))
    lines = ["| | unit | " + " | ".join(f"{name}, ns" for name in names)
             + " | best peer / lanefit | of the limit |",
             "|" + "---|" * (len(names) + 4)]
    for label, row in rows.items():
        cells = [number(median(row, name + "_ns")) for name in names]
        best, ratios = best_peer(row)
        cells.append(f"{number(statistics.median(ratios))} ± {100 * spread(ratios):.0f} % ({best})"
                     if ratios else "")
        part = median(row, "of_limit")
        cells.append(f"{part:.2f} ({limit_of(row)})" if part is not None else "")
        unit = row["label"].split(",")[0].removeprefix("ns a ")
        lines.append(f"| {label} | {unit} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def grid_summary(rows):
    """What a grid of shapes says beside the libraries, the plain loop left out."""
    ratios = {shape(name): statistics.median(best_peer(row, but=("plain",))[1])
              for name, row in rows.items() if best_peer(row, but=("plain",))[1]}
    if not ratios:
        return ""
    batched = {key: value for key, value in ratios.items() if key[0] >= 8}
    skinny = [value for key, value in batched.items() if key[1] <= 8 and key[2] <= 2]
    slower = sum(value < 0.95 for value in batched.values())
    lines = [f"Beside the best library, {len(ratios)} shapes: "
             f"{geometric_mean(ratios.values()):.2f} times as fast on the geometric mean."]
    if batched:
        lines.append(f"From batch 8 on {slower} of {len(batched)} are more than 5 % slower, the "
                     f"worst at {min(batched.values()):.2f}.")
    if skinny:
        lines.append(f"Skinny (in <= 8, out <= 2, batch >= 8): {geometric_mean(skinny):.2f}, the "
                     f"least {min(skinny):.2f}.")
    return " ".join(lines) + "\n\n"


def noise(results):
    """How many of the ratios move too much from round to round, and what to say about it."""
    moves = [spread(best_peer(row)[1]) for row in results["rows"].values() if best_peer(row)[1]]
    moves += [spread(row["values"]["of_limit"]) for row in results["rows"].values()
              if "of_limit" in row["values"]]
    loud = sum(move > NOISY for move in moves)
    share = loud / len(moves) if moves else 0.0
    text = (f"{results['rounds']} rounds; {loud} of {len(moves)} ratios moved by more than "
            f"{100 * NOISY:.0f} % between them; {100 * results.get('stolen', 0):.1f} % of the time "
            "went to other machines on this host.")
    if results["rounds"] < 3:
        return text + " Fewer than 3 rounds: too few to conclude from."
    if share > 0.25 or results.get("stolen", 0) > 0.05:
        return text + " THIS MACHINE WAS TOO NOISY TO CONCLUDE: run it again when it is quiet."
    return text


def header(results):
    m = results["machine"]
    return (f"{m['cpu']}, {m['cores']} cores, {m['memory_GB']} GB; {m['system']}; {m['compiler']}; "
            f"{m['lanefit']}, table {m['isa']}; {m['date']}; `{m['command'].strip()}`.\n\n"
            f"{noise(results)}\n\n")


def write_tables(results, folder):
    families = {}
    for name, row in results["rows"].items():
        families.setdefault(family_of(name), {})[name] = row
    for family, rows in families.items():
        if family == "load":
            parts = ", ".join(f"{name} {seconds(ns)}" for name, ns in results["load"].items())
            (folder / "load.md").write_text(
                f"# load\n\n{header(results)}A fresh process loads the library and makes a first "
                f"model. lanefit's time is the sum of {parts}.\n\n{table(rows)}")
            continue
        summary = grid_summary(rows) if family in ("affine", "forward_backward") else ""
        text = f"# {family}\n\n{header(results)}{summary}{table(rows)}"
        (folder / f"{family}.md").write_text(text)
    (folder / "summary.md").write_text(f"# Summary\n\n{header(results)}{summary_table(results)}")


# What the project's README shows: label, benchmark without its table, unit.
SUMMARY = [
    ("a step of the post's run, linear", "run/linear/f32/{}"),
    ("the same, layer applied twice", "run/shared/f32/{}"),
    ("loading the library, and a first model", "load/first_model"),
    ("a step on the tape", "autograd/line/{}"),
    ("a batch of 32 through a 1-16-16-1 network", "autograd/network/{}"),
    ("an epoch of 1,000,000 x 8, batches of 1,024", "epoch/{}/1000000x8/1024"),
    ("one pass over 1,000 x 4", "one_pass/{}/1000x4->1"),
    ("one pass over 1,000 x 16", "one_pass/{}/1000x16->1"),
    ("one pass over 100,000 x 8", "one_pass/{}/100000x8->1"),
    ("one pass over 2,000,000 x 8", "one_pass/{}/2000000x8->1"),
    ("affine, 1,000 x 8 to 1", "affine/{}/1000x8->1"),
    ("affine, 64 x 4 to 4", "affine/{}/64x4->4"),
    ("affine, 256 x 13 to 7", "affine/{}/256x13->7"),
    ("affine, 128 x 64 to 64", "affine/{}/128x64->64"),
]


def seconds(ns):
    for factor, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "us")):
        if ns >= factor:
            return f"{ns / factor:.3g} {unit}"
    return f"{ns:.3g} ns"


def summary_table(results):
    isa = results["machine"]["isa"]
    lines = ["| | lanefit | best peer | times as fast | of the limit |", "|---|---|---|---|---|"]
    for label, name in SUMMARY:
        row = results["rows"].get(name.format(isa))
        if not row:
            continue
        best, ratios = best_peer(row)
        theirs = f"{seconds(median(row, best + '_ns'))} ({best})" if best else ""
        times = statistics.median(ratios) if best else 0
        times = f"{round(times, -1):,.0f}" if times >= 1000 else f"{times:.3g}" if best else ""
        times += f" ± {100 * spread(ratios):.0f} %" if best else ""
        limit = f"{median(row, 'of_limit'):.2f} ({limit_of(row)})" if limit_of(row) else ""
        lines.append(f"| {label} | {seconds(median(row, 'lanefit_ns'))} | {theirs} | {times} | "
                     f"{limit} |")
    return "\n".join(lines) + "\n"


# ---- pictures ------------------------------------------------------------------------------------


def gnuplot(folder, name, size, script):
    """Draws folder/name.svg, without one where gnuplot is not there."""
    head = (f"set terminal svg size {size[0]},{size[1]} font 'sans-serif,13' background '#ffffff'\n"
            f"set output '{folder / name}.svg'\nset border lc rgb '#666666'\nset tics nomirror\n")
    try:
        done = subprocess.run(["gnuplot"], input=head + script, capture_output=True, text=True)
    except FileNotFoundError:
        return "gnuplot is not there"
    return done.stderr.strip() or None


def block(name, points):
    """A gnuplot data block."""
    return f"${name} << EOD\n" + "".join(" ".join(map(str, p)) + "\n" for p in points) + "EOD\n"


def limits(results, isa):
    """The peak in GFLOP/s and the bandwidths in GB/s by level, as measured."""
    rows = results["rows"]
    peak = rows.get(f"limit/peak/f32/{isa}")
    levels = {name.split("/")[3]: median(row, "GB_s") for name, row in rows.items()
              if name.startswith(f"limit/read/{isa}/")}
    return median(peak, "GFLOP_s") if peak else None, levels


KINDS = {"affine": (BLUE, 7), "affine_grad_part": (SKY, 5), "affine_grad_input": (ORANGE, 9),
         "affine_loss_part": (RED, 13), "activation": (GREEN, 11), "others": ("#999999", 6)}


def roofline(results, folder):
    isa = results["machine"]["isa"]
    peak, levels = limits(results, isa)
    points = {}
    for name, row in results["rows"].items():
        parts = name.split("/")
        flops, rate = median(row, "GFLOP_s"), median(row, "GB_s")
        if parts[0] == "kernel" and parts[-3] == "f32" and flops and rate:
            kind = parts[1] if parts[1] in KINDS else "others"
            points.setdefault(kind, []).append((flops / rate, flops))
    if not peak or not points:
        return None
    script = "set logscale xy\nset xrange [0.03:60]\nset yrange [0.3:600]\n"
    script += ("set xlabel 'operations a byte'\nset ylabel 'GFLOP/s'\n"
               f"set title 'Every f32 kernel and shape ({isa}) under what this core allows'\n"
               "set key outside right top reverse Left\nset grid lc rgb '#e5e5e5'\n")
    for level, rate in levels.items():
        at = 0.034  # near the left edge
        script += (f"set label '{level}, {rate:.0f} GB/s' at {at},{at * rate * 1.12} rotate by 37 "
                   f"tc rgb '#555555' font ',10'\n")
    script += (f"set label 'multiply-adds, {peak:.0f} GFLOP/s' at 12,{peak * 1.2} "
               "tc rgb '#555555' font ',10'\n")
    script += "min(a,b) = a < b ? a : b\n"
    plots = [f"min({peak}, x * {rate}) notitle lc rgb '#999999' lw 1.5" for rate in levels.values()]
    for kind in KINDS:
        if kind in points:
            script += block(kind, points[kind])
            colour, mark = KINDS[kind]
            plots.append(f"${kind} with points pt {mark} ps 0.5 lc rgb '{colour}' title "
                         f"'{kind}' noenhanced")
    return gnuplot(folder, "roofline", (900, 560), script + "plot " + ", \\\n ".join(plots) + "\n")


def steps(results, folder):
    isa = results["machine"]["isa"]
    bars, script = [], ""
    order = ("PyTorch", "libtorch", "lanefit", "limit")
    for model in ("linear", "shared"):
        row = results["rows"].get(f"run/{model}/f32/{isa}")
        for name in order:
            value = median(row, name + "_ns") if row else None
            if value:
                bars.append((model, name, 1e9 / value))
    if not bars:
        return None
    script += ("set logscale y\nset yrange [5e3:3e9]\nset style fill solid\nset boxwidth 0.8\n"
               "set ylabel 'steps a second'\nset format y '10^{%T}'\nset grid y lc rgb '#e5e5e5'\n"
               "set title 'The run of the post, f32, one core: 5,000 steps of one sample'\n"
               "unset key\n")
    points, tics = [], []
    for i, (model, name, rate) in enumerate(bars):
        x = i + (1 if model == "shared" else 0)
        colour = int(COLOURS.get(name, COLOURS["limit"])[1:], 16)
        points.append((x, rate, colour))
        tics.append(f"'{'chain' if name == 'limit' else name}' {x}")
        script += f"set label '{number(rate)}' at {x},{rate * 1.3} center font ',11'\n"
    middle = {m: statistics.fmean(p[0] for p, b in zip(points, bars) if b[0] == m)
              for m in {b[0] for b in bars}}
    for model, x in middle.items():
        text = "linear layer" if model == "linear" else "the layer applied twice"
        script += f"set label '{text}' at {x},1.5e9 center font ',13'\n"
    script += f"set xrange [-0.7:{points[-1][0] + 0.7}]\nset xtics ({', '.join(tics)})\n"
    script += block("bars", points) + "plot $bars using 1:2:3 with boxes lc rgb variable\n"
    return gnuplot(folder, "steps", (820, 420), script)


def rows_picture(results, folder):
    isa = results["machine"]["isa"]
    lines = {}
    for name, row in results["rows"].items():
        if name.startswith(f"one_pass/{isa}/") and name.endswith("x8->1"):
            rows = shape(name)[0]
            for contender in contenders(row):
                lines.setdefault(contender, []).append(
                    (rows, median(row, contender + "_ns") / rows))
    if not lines or len(lines["lanefit"]) < 2:
        return None
    script = ("set logscale xy\nset xlabel 'rows'\nset ylabel 'ns a row'\nset format x '10^{%T}'\n"
              "set title 'One pass over 8 features: affine, squared error, gradients (f32)'\n"
              "set key outside right top reverse Left\nset grid lc rgb '#e5e5e5'\n")
    plots = []
    for key, points in lines.items():
        script += block(key, sorted(points))
        dash = " dt 2" if key == "limit" else ""
        plots.append(f"${key} with linespoints pt 7 ps 0.5 lw 2 lc rgb '{COLOURS[key]}'{dash} "
                     f"title '{key}'")
    return gnuplot(folder, "rows", (820, 420), script + "plot " + ", \\\n ".join(plots) + "\n")


def grid_picture(results, folder, family, title):
    isa = results["machine"]["isa"]
    ratios = {}
    for name, row in results["rows"].items():
        values = best_peer(row, but=("plain",))[1]
        if name.startswith(f"{family}/{isa}/") and values:
            ratios[shape(name)] = statistics.median(values)
    batches = [1, 8, 32, 128, 1000]
    ins, outs = [1, 2, 3, 4, 8, 13, 16, 30, 64], [1, 2, 4, 7, 16, 64]
    if not all((b, i, o) in ratios for b in batches for i in ins for o in outs):
        return None
    script = (f"set multiplot layout 1,{len(batches)} title '{title} "
              "(above 1, lanefit is faster)'\n"
              "set palette defined (-1.6 '#cc3311', 0 '#ffffff', 0.4 '#cfe3f0', 2.4 '#0072b2')\n"
              "set cbrange [-1.6:2.4]\nunset colorbox\nset xlabel 'outputs'\n"
              f"set xrange [-0.5:{len(outs) - 0.5}]\nset yrange [-0.5:{len(ins) - 0.5}] reverse\n"
              "set xtics (" + ", ".join(f"'{o}' {k}" for k, o in enumerate(outs)) + ")\n"
              "set ytics (" + ", ".join(f"'{i}' {k}" for k, i in enumerate(ins)) + ")\nunset key\n")
    for batch in batches:
        points = [(k, j, math.log2(ratios[batch, i, o]), f"{ratios[batch, i, o]:.2g}")
                  for j, i in enumerate(ins) for k, o in enumerate(outs)]
        script += f"set title 'batch {batch}'\n"
        script += "set ylabel 'inputs'\n" if batch == batches[0] else "unset ylabel\n"
        script += block(f"b{batch}", points)
        script += (f"plot $b{batch} using 1:2:3 with image pixels, $b{batch} using 1:2:4 with labels "
                   "font ',9'\n")
    return gnuplot(folder, family, (1180, 400), script + "unset multiplot\n")


def write(results, folder):
    """Everything that the results allow."""
    write_tables(results, folder)
    complaints = [
        roofline(results, folder), steps(results, folder), rows_picture(results, folder),
        grid_picture(results, folder, "affine", "Affine forward: best library / lanefit"),
        grid_picture(results, folder, "forward_backward",
                     "Forward and backward: best library / lanefit")]
    for complaint in sorted({c for c in complaints if c}):
        print(f"bench: {complaint}", file=sys.stderr)
    print(f"{noise(results)}\nwritten to {folder}: results.json, "
          + ", ".join(sorted(p.name for p in folder.glob("*.md"))) + " and "
          + ", ".join(sorted(p.name for p in folder.glob("*.svg"))))


if __name__ == "__main__":
    place = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else
                         pathlib.Path(__file__).parent / "results")
    write(json.loads((place / "results.json").read_text()), place)
