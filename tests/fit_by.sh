#!/bin/sh
# SPDX-License-Identifier: MIT
# `lanefit fit --by`, as a user runs it: fit_by.sh LANEFIT PROJECT.
. "${0%/*}/command.sh"
project=$2
cd "$work" || exit 1

# says TEXT: the last run printed it; tells TEXT: on standard error.
says() {
    grep -qF -- "$1" out || fail "no '$1' in: $(cat out)"
}
tells() {
    grep -qxF -- "$1" err || fail "no '$1' in: $(cat err)"
}

# ---- Groups -------------------------------------------------------------------------------------

# y = 2 x + 1 in the north, exact; a quote and a delimiter in a key; a group too small, one whose x
# does not vary, one that overflows, and an empty key.
cat >shops.csv <<'END'
shop,x,y,note
north,1,3,a
"a ""b"", c",1,1,b
south,1,4,c
north,2,5,d
one,1,1,e
"a ""b"", c",2,2.5,f
flat,7,1,g
south,2,,h
north,4,9,i
flat,7,2,j
"a ""b"", c",3,3,k
south,3,5,l
huge,1e300,1,m
flat,7,3,n
,1,1,o
huge,2e300,2,p
,2,1,q
,3,2,r
huge,1,3,s
END
runs 0 fit shops.csv --by shop --features x --target y
cat >wanted <<'END'
north,ok,3,0
"a ""b"", c",ok,3,0
south,ok,2,1
one,too few rows,1,0
flat,constant column,3,0
huge,non-finite,3,0
"",ok,3,0
END
cut -d, -f1-4 out | sed 1d | grep -v '^"a' >got
grep -v '^"a' wanted | cmp -s - got || fail "groups: $(cat out)"
says 'shop,status,rows_used,rows_dropped,(intercept),(intercept)_se,(intercept)_t,(intercept)_p,x,x_se,x_t,x_p,r_squared,residual_sd,digits'
says 'north,ok,3,0,1,0,inf,0,2,0,inf,0,1,0,15'
says '"a ""b"", c",ok,3,0,'
says 'south,ok,2,1,3.5,,,,0.5,,,,1,,15'
says 'one,too few rows,1,0,,,,,,,,,,,'
tells '7 groups: 4 ok, 1 too few rows, 1 constant column, 1 non-finite'
cp out all.csv

# What a group gives is what its rows give alone, to the last bits.
sed -n '1p; /^"a/p' shops.csv >alone.csv
runs 0 fit alone.csv --by shop --features x --target y --quiet
[ ! -s err ] || fail "--quiet says: $(cat err)"
sed -n 2p out >alone
grep '^"a' all.csv | cmp -s - alone || fail "alone: $(cat alone)"
runs 0 fit alone.csv --solver lsq --features x --target y --json
value=$(sed -n 's/^.*"value":	\([^,]*\),*$/\1/p' out | tail -1)
one=$(sed 's/^".*", *c",//' alone | cut -d, -f8)
awk -v a="$value" -v b="$one" 'BEGIN { d = a / b - 1; exit !(d < 1e-15 && d > -1e-15) }' ||
    fail "x is $one by --by, $value alone"

# ---- Formats ------------------------------------------------------------------------------------

runs 0 fit shops.csv --by shop --features x --target y --json
[ "$(wc -l <out)" -eq 7 ] || fail "JSON lines: $(cat out)"
says '{"shop": "north", "status": "ok", "rows_used": 3, "rows_dropped": 0, "(intercept)": 1, "(intercept)_se": 0, "(intercept)_t": null,'
says '{"shop": "a \"b\", c", "status": "ok"'
says '"digits": null}'
cp out lines
runs 0 fit shops.csv --by shop --features x --target y --output out.jsonl
[ ! -s out ] || fail "prints with --output: $(cat out)"
cmp -s lines out.jsonl || fail "out.jsonl is not what --json prints"
runs 0 fit shops.csv --by shop --features x --target y --output other.csv
cmp -s all.csv other.csv || fail "other.csv is not what is printed"

# .npy in and out: keys are numbers, the status is that of enum lf_fit_status.
printf 'k,day,x,y\n1e3,2,1,3\n-5,1,1,1\n1e3,2,2,5\n-5,1,1,2\n1e3,2,4,9\n' >numbers.csv
runs 0 fit numbers.csv --by day,k --output numbers.npy
tells '2 groups: 1 ok, 1 constant column'
runs 0 fit numbers.csv --by day,k
says '2,1e3,ok,3,0,1,0,inf,0,2,0,inf,0,1,0,15'
says '1,-5,constant column,2,0'
tail -c +129 numbers.npy | od -An -v -t f8 -w128 | awk '{ print $1, $2, $3, $4, $6, $10 }' >got
printf '2 1000 0 3 1 2\n1 -5 2 2 nan nan\n' | cmp -s - got || fail ".npy: $(cat got)"
grep -q "'shape': (2, 16)" numbers.npy || fail "header of numbers.npy"
runs 0 fit numbers.npy --by 2,1 --target 6 --features 4
tells '2 groups: 2 too few rows'
says '1000,2,too few rows,1,0'

# ---- Many rows ----------------------------------------------------------------------------------

# 60,000 rows in 7,001 groups, in an order that jumps; from a pipe and a file, cut anywhere.
awk 'BEGIN { print "t,group,day,w,y"
    for (i = 0; i < 60000; i++) {
        g = i * 7919 % 7001; t = 1.7e9 + i * 37
        printf "%d,g%d,%d,%d,%.17g\n", t, g, g % 3, i % 4, (g % 10) + g / 8 * (t - 1.7e9) + i % 5 / 4
    } }' >many.csv
runs 0 fit many.csv --by group,day --weights w --target y
cp out many
tells '7,001 groups: 7,001 ok'
$lanefit fit - --by group,day --weights w --target y <many.csv >out 2>err ||
    fail "from a pipe: $(cat err)"
cmp -s many out || fail 'from a pipe it is another table'
awk -F, '$2 == "g4321" || NR == 1' many.csv | cut -d, -f1,4,5 >some.csv
runs 0 fit some.csv --solver lsq --weights w --target y --json
sed -n 's/^.*"value":	\([^,]*\),*$/\1/p' out >alone
awk -F, '$1 == "g4321" { print $6; print $10 }' many | paste - alone |
    awk '{ d = $1 / $2 - 1; if (d > 1e-9 || d < -1e-9) exit 1 }' || fail "g4321: $(cat alone)"
runs 0 fit many.csv --by day --features t --degree 2 --ridge 1 --no-intercept --target y
tells '3 groups: 3 ok'
says 'day,status,rows_used,rows_dropped,t,t_se,t_t,t_p,t^2,t^2_se,'

# ---- What can be wrong --------------------------------------------------------------------------

refuses 1 "there is no column 'nope'" fit shops.csv --by nope
refuses 1 "column 'shop' stands twice" fit shops.csv --by shop,shop
refuses 1 'column 2 is both a feature and a key of --by' fit shops.csv --by x --features x --target y
refuses 1 'column 3 is both a target and a key of --by' fit shops.csv --by y --features x --target y
refuses 1 'column 2 is both the weight and a key of --by' fit many.csv --by group --weights group
refuses 1 'a feature beside the target and the keys' fit numbers.csv --by k,day,x --target y
refuses 1 'all are keys or weights' fit numbers.csv --by k,day,x,y
refuses 1 "'a' is not a number; --features names the columns" fit shops.csv --by shop --target y
refuses 1 '--by takes one target, and there are 2' fit numbers.csv --by k --target x,y
refuses 1 '--degree takes one feature' fit numbers.csv --by k --degree 2
refuses 1 'is no number, and .npy takes nothing else' fit shops.csv --by shop --features x \
    --target y --output bad.npy
[ ! -e bad.npy ] || fail 'a file that is not whole stays'
refuses 1 'it would be overwritten' fit shops.csv --by shop --features x --target y --output shops.csv
refuses 1 "can't write" fit shops.csv --by shop --features x --target y --output nowhere/x.csv
printf 'k,w,x,y\n1,1,1,1\n1,-2,1,1\n' >minus.csv
refuses 1 'minus.csv, line 3, column 2 (w): -2 is no weight' fit minus.csv --by k --weights w
printf 'status,x,y\n1,1,1\n' >status.csv
refuses 1 "two columns of the output would be called 'status'" fit status.csv --by status
printf 'k,x,y\n' >none.csv
refuses 1 'there are no rows' fit none.csv --by k
refuses 2 '--output is for regressions of groups' fit shops.csv --output x.csv
refuses 2 '--by fits by least squares: leave --solver adam out' fit shops.csv --by shop --solver adam
refuses 2 '--save is for one model' fit shops.csv --by shop --save x.model
refuses 2 '--memory is for one model' fit shops.csv --by shop --memory 5
refuses 2 '--epochs is for training' fit shops.csv --by shop --epochs 5
refuses 2 '--json and a file of .npy exclude each other' fit shops.csv --by shop --json --output x.npy

finish
