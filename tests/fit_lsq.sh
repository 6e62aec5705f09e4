#!/bin/sh
# SPDX-License-Identifier: MIT
# `lanefit fit --solver lsq`, as a user runs it: fit_lsq.sh LANEFIT PROJECT.
. "${0%/*}/command.sh"
project=$2
nist=$project/tests/data/nist
cd "$work" || exit 1

# lsq EXIT ARGUMENT...
lsq() {
    expected=$1
    shift
    runs "$expected" fit --solver lsq "$@"
}

# says TEXT: the last run printed it.
says() {
    grep -qF -- "$1" out || fail "no '$1' in: $(cat out)"
}

# numbers KEY: those that the last run gave in JSON, a line each.
numbers() {
    sed -n "s/^.*\"$1\":	\([^,]*\),*\$/\1/p" out
}

# agree KEY DIGITS VALUE...: the last run gave these numbers, to so many digits.
agree() {
    numbers "$1" >got
    key=$1 digits=$2
    shift 2
    printf '%s\n' "$@" >wanted
    paste got wanted | awk -v digits="$digits" '
        { d = $1 - $2; if (d < 0) d = -d; size = $2 < 0 ? -$2 : $2; if (size == 0) size = 1
          if (NF != 2 || $1 == "null" || d > size * 10 ^ -digits) exit 1 }' ||
        fail "$key is $(tr '\n' ' ' <got), not $* to $digits digits"
}

# names TEXT: those of the coefficients, with a blank behind each.
names() {
    [ "$(numbers name | tr '\n' ' ')" = "$1" ] || fail "coefficients $(numbers name | tr '\n' ' ')"
}

# ---- NIST's sets --------------------------------------------------------------------------------

# exact SET QUANTITY
exact() {
    sed -n "s/^$1,$2,//p" "$nist/exact.csv"
}

# certified SET DIGITS SE_DIGITS OPTION...: as tests/test_lsq.c asks for them.
certified() {
    set=$1 coef_digits=$2 se_digits=$3
    shift 3
    lsq 0 "$nist/$set.csv" --json "$@"
    says '"status":	"ok"'
    # shellcheck disable=SC2046
    agree value "$coef_digits" $(exact "$set" coef)
    # shellcheck disable=SC2046
    agree se "$se_digits" $(exact "$set" se)
    agree r_squared 13 "$(exact "$set" r_squared)"
    agree residual_sd 12.5 "$(exact "$set" residual_sd)"
    [ "$(numbers digits)" -ge 13 ] || fail "$set: $(numbers digits) digits"
}

certified Norris 13.97 12.5
certified NoInt1 14.6 12.5 --no-intercept
names '"x" '
certified Longley 14.5 12.5
certified Wampler1 14.9 12.5 --degree 5
certified Wampler2 13.1 12.5 --degree 5
certified Wampler3 14.9 12.5 --degree 5
names '"(intercept)" "x" "x^2" "x^3" "x^4" "x^5" '
certified Filip 13 8 --degree 10
[ "$(numbers rows_used)" -eq 82 ] || fail "$(numbers rows_used) rows"
grep -q '"value":	-1467\.48961422978[0-9]*,$' out || fail "no 17 digits: $(cat out)"

# ---- The table ----------------------------------------------------------------------------------

lsq 0 "$project/data/longley.csv" --target employed
cat >expected <<'END'
16 rows used, 0 dropped
employed =           estimate    std. error          t         p
  (intercept)        -3482259        890420     -3.911   0.00356
  deflator           15.06187       84.9149      0.177     0.863
  gnp             -0.03581918      0.033491     -1.070     0.313
  unemployed         -2.02023        0.4884     -4.136   0.00254
  armed_forces      -1.033227      0.214274     -4.822  0.000944
  population      -0.05110411      0.226073     -0.226     0.826
  year               1829.151       455.478      4.016   0.00304
R2  0.995479, adjusted 0.992465
residual standard deviation  304.8541 on 9 degrees of freedom
condition  1.2e+04: errors in the data may grow by so much in a coefficient
digits  15 of each coefficient are correct, for the rows as they are
END
cmp expected out || fail "Longley: $(diff expected out)"
lsq 0 "$nist/Wampler1.csv" --degree 5
says '<1e-16'
printf 'a,y\n1,2\n2,4\n' >two.csv
lsq 0 two.csv
says 'no standard errors: there are as many coefficients as rows'
! grep -q 'std\. error' out || fail "standard errors of two rows: $(cat out)"
lsq 0 two.csv --json
agree value 15 0 2
says '"se":	null'
says '"residual_sd":	null'
printf 'a,y\n1,7\n2,7\n3,7\n' >flat.csv
lsq 0 flat.csv
! grep -q R2 out || fail "R2 of a constant: $(cat out)"
lsq 0 flat.csv --json
says '"r_squared":	null'

# ---- Weights, a ridge, missing values -----------------------------------------------------------

# Whole weights are rows that stand there so often, but for the degrees of freedom.
printf 'w,a,b,y\n1,1,5,3\n2,2,1,7\n3,4,0,1\n1,3,2,9\n0,8,8,8\n2,6,1,5\n,1,1,1\n1,5,NA,2\n' >weights.csv
printf 'a,b,y\n1,5,3\n2,1,7\n2,1,7\n4,0,1\n4,0,1\n4,0,1\n3,2,9\n6,1,5\n6,1,5\n' >often.csv
lsq 0 often.csv --json
# shellcheck disable=SC2046
set -- $(numbers value)
r2=$(numbers r_squared)
lsq 0 weights.csv --weights w --json
agree value 14 "$@"
agree r_squared 14 "$r2"
agree rows_used 15 5
agree rows_dropped 15 2
names '"(intercept)" "a" "b" '
cp out by_name
lsq 0 weights.csv --weights 1 --json
cmp out by_name || fail 'weights by number'
lsq 0 weights.csv --weights w
says '5 rows used, 2 dropped: 1 without b, 1 without w, 1 of weight 0'
awk -F, 'BEGIN { OFS = "," } { print $2, $3, $4, $1 }' weights.csv >last.csv
lsq 0 last.csv --weights w --json
cmp out by_name || fail 'weights in the last column'
awk -F, 'BEGIN { OFS = "," } NR == 1 { print } NR > 1 && $1 != "" { $1 *= 4; print }' weights.csv >four.csv
lsq 0 four.csv --weights w --json
agree value 14 "$@"

# b = Sxy / (Sxx + ridge) = 5 / (2 + 3), and the mean is not shrunk.
printf 'x,y\n-1,1\n0,2\n1,6\n' >three.csv
lsq 0 three.csv --ridge 3 --json
agree value 15 3 1
says '"se":	null'
lsq 0 three.csv --ridge 3
says 'no standard errors: with a ridge the estimates are biased'
! grep -q 'std\. error' out || fail "standard errors with a ridge: $(cat out)"
lsq 0 three.csv --ridge 3 --no-intercept --json
agree value 15 1
printf 'a,b,y\n1,2,1\n2,4,3\n3,6,4\n' >double.csv
lsq 0 double.csv --ridge 0.5
lsq 0 three.csv --degree 2 --model linear --loss mse --dtype f64 --json
agree value 15 2 2.5 1.5
printf 'a,y\n1,2\nNA,3\n2,\n3,6\n4,8.5\n' >gaps.csv
lsq 0 gaps.csv
says '3 rows used, 2 dropped: 1 without a, 1 without y'

# ---- Several targets ----------------------------------------------------------------------------

lsq 0 "$nist/Longley.csv" --target y,x1 --features x2,x3 --json
says '"fits":	['
[ "$(numbers status | tr '\n' ' ')" = '"ok" "ok" "ok" ' ] || fail "statuses: $(cat out)"
for key in value se condition target; do
    numbers $key
done >both
for key in value se condition target; do
    for target in y x1; do
        lsq 0 "$nist/Longley.csv" --target $target --features x2,x3 --json
        numbers $key
    done
done | sed 's/}//' | cmp - both || fail "two targets: $(cat both)"
lsq 0 "$nist/Longley.csv" --target y,x1 --features x2,x3 --save both.model
says 'y = '
says 'x1 = '
runs 0 predict both.model "$nist/Longley.csv"
cp out both.csv
for target in y x1; do
    lsq 0 "$nist/Longley.csv" --target $target --features x2,x3 --save one.model
    runs 0 predict one.model "$nist/Longley.csv"
    cp out $target.csv
done
paste -d, y.csv x1.csv | cmp - both.csv || fail 'predictions of two targets'

# ---- Models -------------------------------------------------------------------------------------

# predicts FILE DIGITS VALUE...: kept.model has these predictions for the first rows.
predicts() {
    runs 0 predict kept.model "$1"
    sed -n 's/^\([-0-9.e]*\)$/"p":	\1/p' out | head -n $(($# - 2)) >first
    cp first out
    shift
    agree p "$@"
}

# shows: `show` prints what the fit printed, which was the last run.
shows() {
    sed 1d out >printed
    runs 0 show kept.model
    sed 1,4d out | cmp - printed || fail "shown: $(cat out)"
}

# Solutions in rational numbers, rounded.
lsq 0 "$nist/Longley.csv" --save kept.model
shows
grep -qx 'fitted    to 16 rows by least squares' out || fail "$(cat out)"
predicts "$nist/Longley.csv" 15.3 60055.65997024028 61216.013942398844 60124.712832242476
lsq 0 "$nist/Filip.csv" --degree 10 --save kept.model
shows
predicts "$nist/Filip.csv" 15.3 0.8115567060657058 0.9058214193402084 0.9051532614223211
lsq 0 "$nist/Filip.csv" --degree 10 --json
numbers value >values
runs 0 show kept.model --json
cat values values >twice
numbers value | cmp - twice || fail "shown: $(cat out)"
lsq 0 "$nist/Filip.csv" --degree 10 --ridge 0.001 --save kept.model
shows
predicts "$nist/Filip.csv" 15.3 0.8137609642763854 0.9007691891656541 0.9000260881454922
lsq 0 weights.csv --weights w --ridge 2 --no-intercept --save kept.model
shows
grep -qx 'fitted    to 5 rows by least squares, weights w, ridge 2, no intercept' out || fail "$(cat out)"
printf 'a,b\n0,0\n' >zero.csv
predicts zero.csv 15 0
# 2 (x - 1) + 1 is the line between the means of y, 1 and 3 by their weights, at x = 1 and x = 2.
printf 'w,x,y\n3,1,0\n1,1,4\n1,2,0\n3,2,4\n' >between.csv
lsq 0 between.csv --weights w --save kept.model
shows
printf 'x\n1\n2\n5\n' >points.csv
predicts points.csv 15 1 3 9
awk 'BEGIN { print "x,y"; for (x = 1000; x < 1050; x++) print x "," x * x - 2 * x }' >far_off.csv
lsq 0 far_off.csv --degree 2 --no-intercept --save kept.model
predicts far_off.csv 13 998000 999999 1002000
lsq 0 "$nist/Filip.csv" --degree 8 --no-intercept --save kept.model
predicts "$nist/Filip.csv" 13.5 0.8155214481796411 0.8998065069958749 0.899258107519254
printf 'x,y\n3,1\n3,2\n' >point.csv
lsq 0 point.csv --degree 2 --ridge 1 --save kept.model
predicts point.csv 15 1.5 1.5
lsq 0 three.csv --degree 2 --no-intercept --save kept.model
printf 'x\n0\n-1\n1\n3\n' >points.csv
predicts points.csv 15 0 1 6 39
runs 0 predict kept.model points.csv --output points.npy
refuses 1 'holds no run to go on with' fit three.csv --resume kept.model
cp three.csv kept.csv
refuses 1 'is the file that is read' fit three.csv --solver lsq --save three.csv
refuses 1 'is there, and is no model' fit three.csv --solver lsq --save two.csv
refuses 1 "can't write 'no/such/model'" fit three.csv --solver lsq --save no/such/model
cmp three.csv kept.csv || fail 'three.csv has changed'

# ---- The same bytes from everywhere -------------------------------------------------------------

awk 'BEGIN { print "a,b,w,y"; for (i = 0; i < 30000; i++) { a = i * 7919 % 10007; b = i * 104729 % 997
             print a "," b "," i % 4 + 1 "," a - 3 * b + i % 10 } }' >long.csv
gzip -c long.csv >long.gz
for options in '' '--weights w' '--weights w --ridge 10 --no-intercept' '--degree 3 --features a --weights w'; do
    # shellcheck disable=SC2086
    set -- --json --save from.model $options
    lsq 0 long.csv "$@"
    cp out first
    cp from.model first.model
    for from in 'long.csv --memory 1' 'long.gz' '-' '- --memory 1'; do
        # shellcheck disable=SC2086
        lsq 0 $from "$@" <long.csv
        cmp out first || fail "other numbers from $from with '$options'"
        cmp from.model first.model || fail "another model from $from with '$options'"
    done
done

# ---- What can't be determined -------------------------------------------------------------------

# fails STATUS UNDETERMINED TEXT ARGUMENT...: one message with the text, and JSON that says the same.
fails() {
    status_text=$1 undetermined=$2 text=$3
    shift 3
    refuses 1 "$text" fit --solver lsq "$@"
    lsq 1 --json "$@"
    grep -qF -- "$text" err || fail "'$*' with --json says: $(cat err)"
    says "\"status\":	\"$status_text\""
    says "\"undetermined\":	[$undetermined]"
    says '"value":	null'
    ! grep -q '"value":	[-0-9]' out || fail "values: $(cat out)"
}

printf 'a,b,c,y\n1,2,3,1\n2,1,3,2\n3,5,8,4\n4,4,8,4\n5,1,6,9\n' >sum.csv
printf 'a,b,c,y\n1,2,4,1\n2,1,3,2\n3,5,8,4\n' >short.csv
printf 'a,b,y\n1,5,1\n2,5,2\n4,5,3\n9,5,7\n' >same.csv
printf 'a,z,y\n1,0,1\n2,0,2\n4,0,3\n9,0,7\n' >zeros.csv
printf 'x,y\n1,1\n2,2\n1,3\n2,4\n1,4\n' >few.csv
printf 'x,y\n1e-300,1e300\n2e-300,-1e300\n3e-300,1e300\n' >far.csv
fails 'too few rows' '' 'too few rows: 2 for 3 coefficients: take more rows, or a lower --degree' \
    two.csv --degree 2
fails 'too few rows' '' '3 for 4 coefficients: take more rows, or fewer columns with --features' \
    short.csv
fails 'constant column' '"b"' "b can't be determined: a column has one value in all rows" same.csv
fails 'constant column' '"z"' "z can't be determined" zeros.csv --no-intercept
lsq 0 same.csv --no-intercept
fails 'rank deficient' '"c"' "c can't be determined: the columns before determine these" sum.csv
fails 'rank deficient' '"x^2", "x^3"' "x^2, x^3 can't be determined: the feature has too few" \
    few.csv --degree 3
fails 'non-finite' '' 'the coefficients of y are too large for a double: use other units' far.csv
lsq 1 far.csv --save none.model
[ ! -e none.model ] || fail 'a model of nothing'
printf 'x,y,z\n1e-300,1e300,1\n2e-300,-1e300,2\n4e-300,1e300,4\n' >near.csv
lsq 1 near.csv --target z,y --json
[ "$(numbers status | tr '\n' ' ')" = '"non-finite" "ok" "non-finite" ' ] || fail "$(cat out)"
refuses 1 "b can't be determined" fit same.csv --solver lsq --target y,a
awk 'BEGIN { for (i = 1; i < 20; i++) printf "c%d,", i; print "y"
             for (r = 0; r < 40; r++) { for (i = 1; i < 20; i++) printf "%d,", r * i; print r } }' >many.csv
refuses 1 'c2, c3, c4, c5, c6, c7, c8, c9 and 10 more' fit many.csv --solver lsq

# ---- What is refused ----------------------------------------------------------------------------

printf 'w,a,y\n1,1,2\n2,2,3\n-1,3,5\n' >negative.csv
printf 'w,a,y\n0,1,2\n0,2,3\n' >nothing.csv
printf 'w,y\n1,1\n2,2\n' >narrow.csv
awk 'BEGIN { for (i = 1; i < 1100; i++) printf "%d,", i * i % 7; print 1 }' >wide.csv
refuses 1 'negative.csv, line 4, column 1 (w): -1 is no weight: weights are 0 or more' \
    fit negative.csv --solver lsq --weights w
refuses 1 'no usable rows: the weight of all is 0' fit nothing.csv --solver lsq --weights w
refuses 1 'a fit needs a feature beside the target and the weight' \
    fit narrow.csv --solver lsq --weights w
refuses 1 "there is no column 'v'" fit negative.csv --solver lsq --weights v
refuses 1 'column 2 is both a feature and the weight' \
    fit negative.csv --solver lsq --weights a --features w,a
refuses 1 'column 3 is both a target and the weight' \
    fit negative.csv --solver lsq --weights y --target y
refuses 1 'least squares takes up to 1025 coefficients: there are 1099 features' \
    fit wide.csv --solver lsq
refuses 1 '--degree takes one feature, and there are 3' fit sum.csv --solver lsq --degree 2
for option in '--lr 1' '--schedule cosine' '--momentum 0.5' '--epochs 3' '--steps 3' '--batch 3' \
    '--weight-decay 1' '--seed 3' '--no-shuffle' '--validation 0.5' '--patience 3' '--threads 2' \
    '--isa scalar' '--history h.csv' '--checkpoint-every 3' '--plot p.svg'; do
    # shellcheck disable=SC2086
    refuses 2 "${option%% *} is for training, and --solver lsq has its answer at once" \
        fit two.csv --solver lsq $option
done
refuses 2 'or see --ridge' fit two.csv --solver lsq --weight-decay 1
refuses 2 '--loss l1 has no closed form' fit two.csv --solver lsq --loss l1
refuses 2 '--model 4:relu has no closed form' fit two.csv --solver lsq --model 4:relu
refuses 2 '--dtype f32: --solver lsq computes in f64' fit two.csv --solver lsq --dtype f32
refuses 2 '--solver is what the run' fit two.csv --solver lsq --resume kept.model
for option in '--weights a' '--ridge 1' '--no-intercept'; do
    # shellcheck disable=SC2086
    refuses 2 "${option%% *} is for least squares: add --solver lsq" fit two.csv $option
    # shellcheck disable=SC2086
    refuses 2 "${option%% *} is for least squares" fit two.csv --solver adam $option
done
for bad in '--ridge -1' '--ridge x' '--ridge inf'; do
    # shellcheck disable=SC2086
    refuses 2 '--ridge takes ' fit two.csv --solver lsq $bad
done

finish
