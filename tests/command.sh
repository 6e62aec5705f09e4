# SPDX-License-Identifier: MIT
# What the tests of the command share: . command.sh PROGRAM. A folder $work that goes when the test
# ends; $LANEFIT_RUNNER runs the program, where it needs one. At the end: finish.
set -u
program=$(realpath "$1")
lanefit="${LANEFIT_RUNNER:-} $program"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# runs EXIT ARGUMENT...: runs the command; output in $work/out and $work/err.
runs() {
    expected=$1
    shift
    $lanefit "$@" >"$work/out" 2>"$work/err"
    status=$?
    [ $status -eq "$expected" ] || fail "'$*' exits $status, not $expected: $(cat "$work/err")"
}

# refuses EXIT TEXT ARGUMENT...: exits so, with one line on stderr that holds the text, and nothing
# on stdout.
refuses() {
    text=$2
    expected=$1
    shift 2
    runs "$expected" "$@"
    [ "$(wc -l <"$work/err")" -eq 1 ] || fail "'$*': not one line: $(cat "$work/err")"
    grep -qF -- "$text" "$work/err" || fail "'$*' says: $(cat "$work/err")"
    [ ! -s "$work/out" ] || fail "'$*' prints: $(cat "$work/out")"
}

finish() {
    [ $failures -eq 0 ] || exit 1
}
