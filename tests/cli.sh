#!/bin/sh
# SPDX-License-Identifier: MIT
# The command, as a user runs it: cli.sh LANEFIT DATA. $LANEFIT_RUNNER runs it, where it needs one.
. "${0%/*}/command.sh"
data=$2

# prints TEXT: the last run printed just that, and nothing on stderr.
prints() {
    [ "$(cat "$work/out")" = "$1" ] || fail "printed: $(cat "$work/out")"
    [ ! -s "$work/err" ] || fail "on stderr: $(cat "$work/err")"
}

# widest: the columns of the longest line that the last run printed.
widest() {
    awk '{ if (length > widest) widest = length } END { print widest + 0 }' "$work/out"
}

linear='linear.weight=1.233
linear.bias=0.988'
shared='linear.weight=1.110
linear.bias=0.468'

# Results.
runs 0 reproduce linear
prints "$linear"
runs 0 reproduce shared
prints "$shared"
runs 0 reproduce linear --path autograd --isa scalar
prints "$linear"
runs 0 reproduce --dtype f64 shared
prints "$shared"
runs 0 reproduce linear --iterations 2000
prints 'linear.weight=1.213
linear.bias=0.998'
runs 0 reproduce
head -n 7 "$work/out" >"$work/head"
printf 'linear\n%s\nshared\n%s\nroots\n' "$linear" "$shared" | cmp - "$work/head" ||
    fail "'reproduce' prints $(cat "$work/head")"
cp "$work/out" "$work/all"
runs 0 reproduce all
cmp "$work/all" "$work/out" || fail "'all' is not the default"
for seed in -9223372036854775808 18446744073709551615 0; do
    runs 0 reproduce linear --seed $seed --iterations 1
done

# Traces.
for name in linear-seed0 linear-seed1024 shared-seed0 shared-seed1024; do
    for path in fused autograd; do
        runs 0 reproduce "${name%-*}" --seed "${name#*-seed}" --path $path --trace -
        cmp "$work/out" "$data/torch/$name.csv" || fail "trace $name, $path"
        runs 0 reproduce "${name%-*}" --seed "${name#*-seed}" --path $path --trace "$work/trace.csv"
        cmp "$work/trace.csv" "$data/torch/$name.csv" || fail "trace file $name, $path"
    done
done
runs 0 reproduce linear --trace /dev/null
[ -c /dev/null ] || fail '/dev/null was replaced'

# Roots: the post's open question.
runs 0 reproduce roots --plot "$work/roots.svg"
grep -q '^at the near root (1.110, 0.468) *2636 ' "$work/out" || fail "roots: $(cat "$work/out")"
[ "$(widest)" -le 80 ] || fail 'the table is wider than 80 columns'
grep -q '^at the far root (-1.110, -8.949) *0 ' "$work/out" || fail "roots: $(cat "$work/out")"
[ "$(grep -o 'h0' "$work/roots.svg" | wc -l)" -eq 8000 ] || fail 'the plot lacks points'
runs 0 reproduce roots --seeds 3:3 --isa scalar
grep -q '^under way, weight < -1 *1 100.0 %  *-1.321..-1.321  *-2.419..-2.419' "$work/out" ||
    fail "seed 3: $(cat "$work/out")"
runs 0 reproduce roots --seeds -3:5 --iterations 1
runs 0 reproduce roots --w -1 --iterations 10
grep -q '^no root' "$work/out" || fail 'a negative weight has no root'
runs 0 reproduce roots --w 1 --iterations 10
grep -q 'far root' "$work/out" && fail 'for weight 1 there is no far root'

# Help and version.
runs 0 --help
grep -q '^Example: ' "$work/out" || fail 'help has no example'
cp "$work/out" "$work/help"
runs 0 help
cmp "$work/help" "$work/out" || fail "'help' is not '--help'"
for command in '' reproduce compare info; do
    # shellcheck disable=SC2086
    runs 0 $command -h
    # shellcheck disable=SC2086
    runs 0 $command --help
    grep -q '^Example: ' "$work/out" || fail "help of $command has no example"
    [ "$(wc -l <"$work/out")" -le 24 ] || fail "help of $command is longer than a screen"
    [ "$(widest)" -le 79 ] || fail "help of $command is wider than 79 columns"
done
runs 0 --version
grep -q '^lanefit [0-9]' "$work/out" || fail 'version'
runs 0 info
grep -q '^chosen ' "$work/out" || fail 'info'

# Bad input.
refuses 2 'name a command'
refuses 2 "unknown command 'train'" train
refuses 2 "info takes no 'x'" info x
refuses 2 "takes linear, shared, roots or all, not 'cubic'" reproduce cubic
refuses 2 'reproduce takes one experiment' reproduce linear shared
refuses 2 "unknown option '--sed'" reproduce linear --sed 1
refuses 2 "unknown option '-x'" reproduce linear -x
refuses 2 '--quiet takes no value' reproduce linear --quiet=1
refuses 2 '--seed needs a value: a whole number' reproduce linear --seed
for seed in 18446744073709551616 -9223372036854775809 1.5 x '' ' 1' +1 1x --1; do
    refuses 2 '--seed takes a whole number from -2^63 to 2^64-1' reproduce linear --seed "$seed"
done
for n in 0 -1 1e3 99999999999999999999 '' x; do
    refuses 2 '--iterations takes a whole number from 1 to 2^63-1' reproduce linear --iterations "$n"
done
for lr in nan inf -0.1 x '' 1e39 1e999 '0.1 ' ' 0.1' 0,1; do
    refuses 2 '--lr takes a finite number from 0 up' reproduce linear --lr "$lr"
done
refuses 2 '--w takes a finite number' reproduce linear --w nan
refuses 2 "--b takes a finite number in the range of the type, not '1e40'" reproduce linear --b 1e40
runs 0 reproduce linear --b 1e40 --dtype f64 --lr 0
refuses 2 "--dtype takes f32 or f64, not 'f16'" reproduce linear --dtype f16
refuses 2 "--path takes fused or autograd, not 'x'" reproduce linear --path x
refuses 2 "--isa takes the name of a table ('lanefit info' lists them) or auto, not 'sse'" reproduce linear --isa sse
for seeds in 5:4 1 1: :1 1:2:3 a:b 0:4194304 '' 0:-1 -1:18446744073709551615 -5:18446744073709551613; do
    refuses 2 '--seeds takes A:B' reproduce roots --seeds "$seeds"
done
refuses 2 '--trace needs one experiment' reproduce --trace "$work/x"
refuses 2 "--trace does not go with 'roots'" reproduce roots --trace "$work/x"
refuses 2 "--seeds does not go with 'linear' or 'shared'" reproduce linear --seeds 0:1
refuses 2 '--trace takes a file name' reproduce linear --trace ''
refuses 2 "--plot takes a file name, not '-'" reproduce roots --plot -
case $($lanefit info) in
*neon*) lacking=avx2 ;;
*) lacking=neon ;;
esac
refuses 1 "--isa $lacking: this machine can't run it" reproduce linear --isa $lacking
[ ! -e "$work/x" ] || fail 'a refused command left a file'

# Files that can't be written, and runs that diverge: nothing is left behind, nothing lost.
refuses 1 "can't write '$work/no/trace'" reproduce linear --trace "$work/no/trace"
refuses 1 "can't write '$work'" reproduce linear --trace "$work"
refuses 1 "can't write '/dev/full'" reproduce linear --trace /dev/full
refuses 1 "can't write '$work/no/plot.svg'" reproduce roots --plot "$work/no/plot.svg"
mkdir "$work/kept"
echo old >"$work/kept/trace.csv"
refuses 1 'linear: diverged in step' reproduce linear --lr 50 --trace "$work/kept/trace.csv"
refuses 1 'bias nan); try' reproduce shared --lr 3
refuses 1 'try a smaller --lr than 50' reproduce shared --lr 50 --path autograd
[ "$(cat "$work/kept/trace.csv")" = old ] || fail 'a failed run replaced the trace'
[ "$(ls "$work/kept")" = trace.csv ] || fail "left behind: $(ls "$work/kept")"
ln -s trace.csv "$work/kept/link"
runs 0 reproduce linear --iterations 3 --trace "$work/kept/link"
[ -L "$work/kept/link" ] && [ "$(wc -l <"$work/kept/trace.csv")" -eq 5 ] ||
    fail 'a trace through a symbolic link'
$lanefit reproduce linear >/dev/full 2>"$work/err" && fail 'a full standard output goes unnoticed'
grep -qF "can't write to standard output" "$work/err" || fail "full: $(cat "$work/err")"

[ "$(stat -c %a "$work/trace.csv")" = "$(touch "$work/new"; stat -c %a "$work/new")" ] ||
    fail 'a new file has other permissions'
chmod 604 "$work/trace.csv"
runs 0 reproduce linear --iterations 3 --trace "$work/trace.csv"
[ "$(stat -c %a "$work/trace.csv")" = 604 ] || fail 'a replaced file has other permissions'
ln -s nowhere "$work/dangling"
refuses 1 "can't write '$work/dangling'" reproduce linear --trace "$work/dangling"
runs 0 reproduce linear --iterations 3 --trace /dev/stdout
[ "$(wc -l <"$work/out")" -eq 5 ] || fail "/dev/stdout: $(cat "$work/out")"

# Interrupted, or its message unread: no file stays behind.
mkdir "$work/interrupted"
for signal in TERM HUP INT QUIT; do
    # A shell starts background jobs deaf to INT and QUIT, nohup its command to HUP.
    env --default-signal=HUP,INT,QUIT $lanefit reproduce linear --iterations 30000000 --trace "$work/interrupted/t" &
    sleep 0.4
    kill -$signal $!
    wait $!
    [ $? -gt 128 ] || fail "SIG$signal is survived"
done
(sleep 0.2; $lanefit reproduce linear --lr 50 --trace "$work/interrupted/t") 2>&1 | true
sleep 0.4
[ -z "$(ls -A "$work/interrupted")" ] || fail "left behind: $(ls -A "$work/interrupted")"
$lanefit reproduce linear --trace - 2>"$work/err" | head -n 1 >/dev/null
[ ! -s "$work/err" ] || fail "head: $(cat "$work/err")"
# compare stops too: all of it would take a minute.
{ timeout 30 $lanefit compare 2>"$work/err"; echo $? >"$work/status"; } | head -n 1 >/dev/null
[ "$(cat "$work/status")" -eq 1 ] && [ ! -s "$work/err" ] ||
    fail "compare | head: status $(cat "$work/status") $(cat "$work/err")"

# Locales change nothing: C.UTF-8 is everywhere, the others where they are installed.
for locale in C.UTF-8 de_DE.UTF-8 tr_TR.UTF-8; do
    LC_ALL=$locale $lanefit reproduce linear --trace - | cmp - "$data/torch/linear-seed1024.csv" ||
        fail "locale $locale"
done
POSIXLY_CORRECT=1 $lanefit reproduce linear --seed 1 >/dev/null || fail 'options behind the experiment'

# 8 MB are enough, and not only resident: of addresses. (An emulator or a sanitizer needs more.)
if [ -z "${LANEFIT_RUNNER:-}" ] && [ -z "${ASAN_OPTIONS:-}" ]; then
    (ulimit -v 8192 && $lanefit reproduce linear >/dev/null) || fail 'more than 8 MB'
fi

# compare: no bit differs, on any table; machines get JSON.
runs 0 compare --quick --kernel sgd
grep -q ' cases: 0 bits differ' "$work/out" || fail "compare says $(tail -n 1 "$work/out")"
[ "$(widest)" -le 80 ] || fail 'compare prints more than 80 columns'
grep -q '^sgd/nesterov f64 scalar' "$work/out" || fail "compare leaves out a variant or a table"
runs 0 compare --quick --kernel affine --isa scalar --dtype f64 --json
[ "$(grep -c '"kernel":"affine","dtype":"f64","isa":"scalar"' "$work/out")" -gt 1 ] ||
    fail "compare --json prints $(cat "$work/out")"
[ "$(head -c 1 "$work/out")$(tail -n 1 "$work/out")" = '[]' ] || fail "compare --json is no array"
for field in kernel dtype isa shape cases mismatched_bits max_error_over_bound ns_scalar \
    ns_autovec ns_simd speedup_scalar speedup_autovec; do
    [ "$(grep -c "\"$field\":" "$work/out")" -eq "$(grep -c '{' "$work/out")" ] ||
        fail "compare --json lacks $field"
done
for kernel in sg '' activation/foo; do
    runs 2 compare --kernel "$kernel"
    grep -qF "there is no kernel '$kernel'; there are" "$work/err" || fail "says $(cat "$work/err")"
    mv "$work/err" "$work/out"
    [ "$(widest)" -le 79 ] || fail "the list of kernels is wider than 79 columns"
done
grep -qF '  activation/relu, activation/tanh' "$work/out" || fail "lacks variants: $(cat "$work/out")"
for isa in mmx auto; do
    refuses 2 "--isa takes the name of a table ('lanefit info' lists them) or all, not '$isa'" compare --isa $isa
done
runs 0 compare --quick --isa all --kernel axpy --dtype f32
refuses 2 "--dtype takes f32 or f64, not 'f16'" compare --dtype f16
refuses 2 "--kernel needs a value" compare --kernel
refuses 2 "unknown option '--fast'" compare --fast
refuses 2 "compare takes options alone, not 'affine'" compare affine

finish
