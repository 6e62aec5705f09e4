#!/bin/sh
# SPDX-License-Identifier: MIT
# `lanefit fit`, `predict` and `show`, as a user runs them: fit.sh LANEFIT PROJECT.
. "${0%/*}/command.sh"
project=$2
cd "$work" || exit 1

# says TEXT: the last run printed it.
says() {
    grep -qF -- "$1" out || fail "no '$1' in: $(cat out)"
}

# near NAME VALUE TOLERANCE: the last run printed a coefficient of that name within it.
near() {
    awk -v name="$1" -v value="$2" -v tolerance="$3" \
        '$1 == name { found = 1; d = $2 - value; if (d < 0) d = -d; if (d > tolerance) exit 1 }
         END { if (!found) exit 1 }' out || fail "$1 is not $2 +- $3: $(cat out)"
}

# ---- Data ---------------------------------------------------------------------------------------

post=$project/data/post.csv
awk 'BEGIN {
    print "area,rooms,kind,rent,sold,calls"
    for (i = 0; i < 400; i++) {
        area = 30 + (i * 37) % 101; rooms = 1 + (i * 11) % 5
        odds = (area - 80) / 20 + (i * 53 % 17 - 8) / 8
        print area "," rooms ",flat," 200 + 9.5 * area - 40 * rooms "," (odds > 0) "," \
            int(exp(0.02 * area) + (i * 29 % 7) / 4)
    }
}' >rents.csv

# ---- Three commands -----------------------------------------------------------------------------

runs 0 fit "$post" --target y --plot loss.svg --history loss.csv --save post.model
says '1,000 rows used, 0 dropped'
near '(intercept)' 0.988 1e-6
near x 1.233 1e-6
says 'R2  1'
head -c 4 loss.svg | grep -q '<svg' || fail 'loss.svg is no picture'
[ "$(wc -l <loss.csv)" -eq 101 ] || fail "$(wc -l <loss.csv) lines of history"
head -n 1 loss.csv | grep -qx 'epoch,step,lr,loss' || fail "$(head -n 1 loss.csv)"
runs 0 predict post.model "$post" --append --output out.csv
[ "$(wc -l <out.csv)" -eq 1001 ] || fail "$(wc -l <out.csv) predictions"
awk -F, 'NR == 1 && $0 != "x,y,y_predicted" { exit 1 }
         NR > 1 { d = $2 - $3; if (d < 0) d = -d; if (d > 1e-6) exit 1 }' out.csv ||
    fail "predictions: $(head -n 3 out.csv)"
runs 0 show post.model
says 'predicts  y'
near x 1.233 1e-6
runs 0 fit "$post" --json
says '"status":	"ok"'
says '"rows_used":	1000'
says '"name":	"(intercept)"'

# ---- Models -------------------------------------------------------------------------------------

runs 0 fit rents.csv --target rent --features area,rooms --dtype f64
near area 9.5 1e-6
near rooms -40 1e-6
near '(intercept)' 200 1e-4
runs 0 fit rents.csv --target 4 --features 1,2 --solver adam --epochs 400
near area 9.5 1e-2
runs 0 fit rents.csv --target rent,area --features rooms,calls --batch full --epochs 10
says 'rent ='
says 'area ='
says 'R2 of rent'
runs 0 fit rents.csv --target sold --features area,rooms --loss logistic
says 'logit of sold ='
runs 0 fit rents.csv --target calls --features area --loss poisson
near area 0.02 2e-3
for loss in l1 huber huber:5; do
    runs 0 fit rents.csv --target rent --features area,rooms --loss $loss --momentum 0.5
    near area 9.5 0.1
done
awk 'BEGIN { print "x;y"; for (i = 0; i <= 100; i++) { x = 10 + i / 10; printf "%.17g;%.17g\n", x, x * x * x - 2 * x } }' >cubic.csv
runs 0 fit cubic.csv --degree 3 --dtype f64 --epochs 3000
near 'x^3' 1 1e-9
near 'x' -2 1e-6
runs 0 fit rents.csv --target rent --features area,rooms --model 8,8:relu --validation 0.2 --patience 20 --save net.model
says 'the last 80 to validate with'
says ', validation '
runs 0 show net.model
says 'network 2-8-8-1, relu, f32, loss mse'
runs 0 predict net.model rents.csv
[ "$(wc -l <out)" -eq 401 ] || fail "$(wc -l <out) lines of predictions"

# Missing values: dropped in a fit, empty in predictions.
printf 'a,b\n1,2\n2,4\nNA,3\n3,\n4,8\n5,10\n' >gaps.csv
runs 0 fit gaps.csv --epochs 400 --dtype f64 --save gaps.model
says '4 rows used, 2 dropped: 1 without a, 1 without b'
near a 2 1e-6
runs 0 predict gaps.model gaps.csv
[ "$(sed -n 4p out)" = '' ] || fail "a prediction from nothing: $(cat out)"
sed -n 5p out | grep -q '^5\.99\|^6' || fail "no prediction where the target is missing: $(cat out)"
runs 0 predict gaps.model gaps.csv --output gaps.npy
[ "$(wc -c <gaps.npy)" -eq $((128 + 6 * 8)) ] || fail "$(wc -c <gaps.npy) bytes of .npy"
refuses 1 'is both a feature and a target' fit gaps.npy --features 1 --target 1
awk 'NR > 1 { print $0 }' rents.csv | cut -d, -f1,2,4 | tr , '\t' | gzip >bare.gz
runs 0 fit bare.gz --dtype f64
near x1 9.5 1e-6
runs 0 fit - --dtype f64 <bare.gz
near x2 -40 1e-6

# ---- Same bits ----------------------------------------------------------------------------------

fit_rents() {
    runs 0 fit rents.csv --target rent --features area,rooms --epochs 7 "$@"
}
fit_rents --save best.model
for isa in scalar avx2 avx512 neon; do
    $lanefit fit rents.csv --target rent --features area,rooms --epochs 7 --isa $isa --save isa.model \
        >out 2>err && { cmp best.model isa.model || fail "other bits with $isa"; }
done
fit_rents --no-shuffle --batch full --save memory.model
for threads in 1 2 3; do
    fit_rents --no-shuffle --batch full --threads $threads --save threads.model
    cmp memory.model threads.model || fail "other bits with $threads threads"
done

# Rows from the file in every pass: 30,000 of them are more than a megabyte.
awk 'BEGIN { print "a,b,y"; for (i = 0; i < 30000; i++) { a = i * 7919 % 10007; b = i * 104729 % 997
             print a "," b "," a - 3 * b + i % 10 } }' >long.csv
for batch in 100 5000 full; do
    runs 0 fit long.csv --no-shuffle --batch $batch --epochs 3 --validation 0.3 --save kept.model
    cp out kept
    runs 0 fit long.csv --batch $batch --epochs 3 --validation 0.3 --memory 1 --save read.model
    grep -v '^more rows than memory' out | cmp - kept || fail "other results from the file, batch $batch"
    cmp kept.model read.model || fail "other bits from the file, batch $batch"
done
runs 0 fit - --batch 100 --epochs 3 --validation 0.3 --memory 1 --save read.model <long.csv
runs 0 fit long.csv --batch 100 --epochs 3 --validation 0.3 --memory 1 --save kept.model
cmp kept.model read.model || fail 'other bits from standard input'

# ---- Going on -----------------------------------------------------------------------------------

for more in '' '--solver adam --validation 0.25 --patience 50' '--no-shuffle --momentum 0.9' \
    '--model 4 --solver adamw'; do
    # shellcheck disable=SC2086
    set -- rents.csv --target rent --features area,rooms --schedule step:3:0.7 $more
    runs 0 fit "$@" --steps 100 --save whole.model
    runs 0 fit "$@" --steps 1 --save part.model
    for steps in 2 13 14 40 99 100; do
        runs 0 fit rents.csv --resume part.model --steps $steps --save part.model
    done
    cmp whole.model part.model || fail "a run in pieces has other bits: $more"
done
refuses 1 'is complete' fit rents.csv --resume part.model
refuses 2 '--lr is what the run' fit rents.csv --resume part.model --lr 1
sed '5s/^[0-9]*/31/' rents.csv >other.csv
refuses 1 'these are not the rows' fit other.csv --resume part.model --steps 200
refuses 1 "no column 'area'" fit "$post" --resume part.model --steps 200

# A run that is stopped by a signal leaves what it was asked to.
if [ -z "${LANEFIT_RUNNER:-}" ]; then
    $program fit long.csv --epochs 1000000 --batch 1000 --save stopped.model --history stopped.csv \
        --checkpoint-every 50 >out 2>err &
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        [ -s stopped.model ] && break
        sleep 0.1
    done
    kill -TERM $!
    wait $!
    status=$?
    [ $status -eq 1 ] || fail "a stopped run exits $status"
    grep -qF 'go on with --resume stopped.model' err || fail "a stopped run says: $(cat err)"
    [ -s stopped.csv ] || fail 'a stopped run has no history'
    steps=$(sed 's/.*after step \([0-9]*\):.*/\1/' err)
    runs 0 fit long.csv --resume stopped.model --steps $((steps + 1)) --save after.model
    [ "$(ls -A | grep -c tmp)" -eq 0 ] || fail "left over: $(ls -A)"
fi

# ---- What is refused ----------------------------------------------------------------------------

printf 'a,b\n1,2\n2,x\n' >text.csv
printf 'a,b\n1,2\n2,3,4\n' >ragged.csv
printf 'a,b\n1,\n,2\n,\n' >none.csv
printf 'a,b\n1,2\n' >one.csv
printf 'a,b,c\n1,2,3\n1,3,4\n1,4,6\n' >constant.csv
printf 'a,b\n1,2\ninf,3\n' >infinite.csv
printf 'a,b\n' >empty.csv
printf 'a\n1\n2\n' >column.csv
printf 'a,b\n1,2\n2,3\n4,4\n5,9\n' >few.csv
refuses 1 "none.such: can't read" fit none.such
refuses 1 "there is no column 'z': the 2 are a, b" fit few.csv --target z
refuses 1 "there is no column 'z': the 2 are a, b" fit few.csv --features z
refuses 1 "column 'b' stands twice" fit few.csv --target b,b
refuses 1 "text.csv, line 3, column 2 (b): 'x' is not a number" fit text.csv
refuses 1 "'flat' is not a number; --features names the columns to take" fit rents.csv
refuses 1 'ragged.csv, line 3: 3 fields, where line 1 has 2' fit ragged.csv
refuses 1 'no usable rows: 3 lack a value' fit none.csv
refuses 1 'too few rows: 1 for 2 parameters' fit one.csv
refuses 1 'too few rows: 4 for 6 parameters' fit few.csv --degree 5
refuses 1 'column 1 (a) has one value in all rows, 1' fit constant.csv
refuses 1 'infinite.csv, line 3, column 1 (a): inf is not finite' fit infinite.csv
refuses 1 'there are no rows' fit empty.csv
refuses 1 'there is no other column' fit column.csv
refuses 1 'is no probability' fit few.csv --loss logistic
refuses 1 '--degree takes one feature, and there are 2' fit constant.csv --degree 2
refuses 1 'diverged' fit few.csv --lr 50 --schedule constant --epochs 1000 --save kept.model
runs 0 show kept.model
refuses 1 "can't write 'no/such/model'" fit few.csv --save no/such/model
refuses 1 "can't write '$work'" fit few.csv --save "$work"
refuses 1 "can't write 'no/such.svg'" fit few.csv --plot no/such.svg
[ -e /dev/full ] && refuses 1 "can't write '/dev/full'" fit few.csv --history /dev/full
cp few.csv kept.csv
for option in --save --history --plot; do
    refuses 1 'is the file that is read' fit few.csv $option few.csv
done
refuses 1 'is the file that is read' predict gaps.model gaps.csv --output gaps.csv
refuses 1 'is the file that is read' predict gaps.model gaps.csv --output gaps.model
refuses 1 'is there, and is no model' fit few.csv --save one.csv
cmp few.csv kept.csv || fail 'few.csv has changed'
printf 'x,y\n1e300,1\n-1e300,2\n3,5\n' >far.csv
printf 'x,y\n1e-310,1\n2e-310,2\n3e-310,5\n' >close.csv
refuses 1 'column 1 (x) are too far apart' fit far.csv
refuses 1 'column 1 (x) are too far apart' fit far.csv --target x
refuses 1 'column 1 (x) are too far apart, or too close' fit close.csv
printf 'x,y\n1,7\n2,7\n3,7\n' >flat.csv
runs 0 fit flat.csv
near '(intercept)' 7 1e-6
! grep -q R2 out || fail "R2 of a constant: $(cat out)"
printf 'a,a,y\n1,2,3\n2,1,5\n3,5,6\n4,4,9\n' >twice.csv
runs 0 fit twice.csv --save twice.model
runs 0 predict twice.model twice.csv
refuses 1 'is not a model of lanefit' show few.csv
refuses 1 'is not a model of lanefit' predict few.csv few.csv
refuses 1 "there is no column 'area'" predict net.model few.csv
refuses 1 '--append copies lines of text' predict gaps.model gaps.npy --append
head -c 700 net.model >cut.model
refuses 1 'is damaged: it has been cut short' show cut.model
refuses 1 'is damaged' fit rents.csv --resume cut.model
for bad in '--degree 0' '--degree 25' '--degree x' '--model 0' '--model 16,' '--model 5000' \
    '--model 4:step' '--model 1,1,1,1,1,1,1,1,1' '--loss mae' '--loss huber:0' '--loss mse:1' \
    '--solver lbfgs' '--lr 0' '--lr -1' '--lr x' '--lr inf' '--schedule linear' '--schedule step' \
    '--schedule step:0:1' '--schedule step:1:2' '--momentum 1' '--momentum -1' '--momentum x' \
    '--weight-decay -1' '--batch 0' '--batch x' '--epochs 0' '--epochs 1.5' '--steps 0' \
    '--validation 1' '--validation -0.1' '--patience 0' '--seed x' '--dtype f16' '--threads 0' \
    '--threads 2000' '--isa sse' '--checkpoint-every 0' '--delimiter ab' '--header maybe' \
    '--memory 0'; do
    # shellcheck disable=SC2086
    refuses 2 "${bad%% *} takes " fit few.csv $bad
done
refuses 2 'name a file' fit
refuses 2 'fit takes one file' fit few.csv one.csv
refuses 2 '--degree is for linear models' fit few.csv --degree 2 --model 4
refuses 2 '--momentum is for the solver sgd' fit few.csv --solver adam --momentum 0.5
refuses 2 '--patience needs rows to validate with' fit few.csv --patience 3
refuses 2 '--checkpoint-every needs the name of a file' fit few.csv --checkpoint-every 3
refuses 2 'name a model and a file' predict net.model
refuses 2 'one too many' predict a b c
refuses 2 "can't be an .npy file" predict net.model rents.csv --append --output x.npy
refuses 2 'name a model' show
for command in fit predict show; do
    refuses 2 "unknown option '--bogus'" $command --bogus
    runs 0 $command --help
    says 'Example: lanefit'
    awk 'length > 80 { exit 1 }' out || fail "the help of $command is wider than 80 columns"
    [ "$(wc -l <out)" -le 40 ] || fail "the help of $command is longer than a screen"
done

finish
