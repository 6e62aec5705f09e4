#!/bin/sh
# SPDX-License-Identifier: MIT
# The benchmarks as a user runs them: bench.sh LANEFIT_BENCH SOURCE BUILD. No time is judged.
. "$(dirname "$0")/command.sh"
source=$2
build=$3

refuses 2 "not 'mmx'" --isa mmx
refuses 1 'Failed to match any benchmarks' --benchmark_filter=nonsense

# One of every family, checked row by row.
runs 0 --benchmark_min_time=0.0001 --benchmark_format=json --benchmark_filter="^(limit/peak/f32|\
limit/chain|run/linear/f32|autograd/op|affine/[a-z0-9]+/8x1->1/|forward_backward/[a-z0-9]+/8x3->2/|\
one_pass/[a-z0-9]+/1000x4->1|pass/f32/[a-z0-9]+/rows/1/L2|kernel/sgd/f32/[a-z0-9]+/1000/|\
kernel/online_linear/f64/|workload/W10_calibration_16x2/)"
python3 - "$work/out" <<'END_OF_PYTHON' || fail "a row is wrong"
import json
import sys

rows = json.load(open(sys.argv[1]))["benchmarks"]
families = {row["name"].split("/")[0] for row in rows}
missing = {"limit", "run", "autograd", "affine", "forward_backward", "one_pass", "pass",
           "kernel", "workload"} - families
assert not missing, f"not there: {missing}"
for row in rows:
    name = row["name"]
    assert not row.get("error_occurred"), f"{name}: {row.get('error_message')}"
    if name.startswith("limit/"):
        assert row["limit_ns"] > 0, name
        continue
    assert row["lanefit_ns"] > 0, name
    assert name.startswith("autograd/op") or row["of_limit"] > 0, name
    if name.split("/")[0] in ("affine", "forward_backward", "one_pass", "workload"):
        assert row["plain_ns"] > 0 and row["best"] > 0, name
    if "chain" in row["label"]:
        assert row["of_limit"] < 1.5, f"{name}: faster than its chain"
END_OF_PYTHON

# The curated set: results, a table and a picture; interrupted, it keeps what it has.
curated() {
    python3 "$source/bench/run.py" --build "$build" --output "$work/results" "$@" \
        >"$work/out" 2>"$work/err"
}
curated --quick --only run --rounds 1 || fail "run.py exits $?: $(cat "$work/err")"
grep -q '| run/linear/f32/' "$work/results/run.md" || fail "no table of the run"
grep -q 'too few to conclude' "$work/out" || fail "one round is enough: $(cat "$work/out")"
if command -v gnuplot >/dev/null; then
    grep -q '</svg>' "$work/results/steps.svg" || fail "no picture of the run"
fi
python3 "$source/bench/report.py" "$work/results" >/dev/null || fail "report.py exits $?"

rm -rf "$work/results"
python3 "$source/bench/run.py" --build "$build" --output "$work/results" --only run,kernel \
    --rounds 100 >"$work/out" 2>"$work/err" &
pid=$!
while [ ! -s "$work/results/results.json" ] && kill -0 $pid 2>/dev/null; do sleep 0.2; done
kill -TERM $pid
status=0
wait $pid || status=$?
[ $status -eq 130 ] || fail "interrupted, run.py exits $status: $(cat "$work/err")"
[ -s "$work/results/run.md" ] || fail "interrupted, run.py writes no table"

curated --only nonsense && fail "--only takes a family that is not there"
curated --rounds 0 && fail "--rounds takes 0"
finish
