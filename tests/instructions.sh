#!/bin/sh
# SPDX-License-Identifier: MIT
# How many instructions fixed cases take with AVX2, against the numbers in git: a slow-down shows on
# a noisy machine too. instructions.sh LANEFIT_COUNT FILE [--write].
set -eu
count=$1
file=$2
compiler=$("$count" --compiler)
allowance=2 # percent
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# counted CASE: instructions inside the function `counted`.
counted() {
    status=0
    valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=counted \
        "$count" --isa avx2 "$1" 2>"$work/err" || status=$?
    if [ $status -ne 0 ]; then
        cat "$work/err" >&2
        exit $status
    fi
    awk '/Collected *:/ { print $NF }' "$work/err"
}

if [ "${3:-}" = --write ]; then
    {
        echo "# Instructions of each case of bench/count.c with AVX2, by callgrind;"
        echo "# './dev counts --write' writes this file."
        echo "compiler $compiler"
        "$count" | while read -r name; do
            echo "$name $(counted "$name")"
        done
    } >"$file.new"
    mv "$file.new" "$file"
    exit 0
fi

# Another compiler makes other code.
if ! grep -qxF "compiler $compiler" "$file"; then
    echo "these are the numbers of another compiler than $compiler"
    exit 77
fi
"$count" >"$work/names"
failed=0
while read -r name; do
    expected=$(awk -v name="$name" '$1 == name { print $2 }' "$file")
    found=$(counted "$name") || exit $?
    verdict=$(awk -v found="$found" -v expected="${expected:-0}" -v most=$allowance 'BEGIN {
        if (!expected) { print "is not in the file"; exit }
        change = 100 * (found - expected) / expected
        printf "%+.2f %%", change
        if (change > most) printf ": SLOWER by more than %g %%", most
        if (change < -most) printf ": faster by more than %g %%, write it down", most }')
    echo "$name: $expected -> $found, $verdict"
    case $verdict in
    *SLOWER* | *write* | *not*) failed=1 ;;
    esac
done <"$work/names"
[ $failed -eq 0 ] || echo "If that is meant: ./dev counts --write, and say why in the commit"
exit $failed
