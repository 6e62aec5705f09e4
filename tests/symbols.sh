#!/bin/sh
# SPDX-License-Identifier: MIT
# What the libraries define, export and call: symbols.sh NM SHARED STATIC.
set -eu
nm=$1
shared=$2
static=$3

# Only lf_ symbols are visible, and no data that can be written.
exported=$($nm -D --defined-only "$shared" | awk '{ print $3 }' | grep -v '^lf_' || true)
[ -z "$exported" ] || { echo "exported: $exported"; exit 1; }
defined=$($nm --defined-only -g "$static" 2>/dev/null | awk 'NF == 3 { print $3 }' |
    grep -v '^lf_' || true)
[ -z "$defined" ] || { echo "defined in the static library: $defined"; exit 1; }
writable=$($nm --defined-only "$static" 2>/dev/null | awk 'NF == 3 && $2 ~ /^[bBcC]$/ { print $3 }')
[ -z "$writable" ] || { echo "writable globals: $writable"; exit 1; }

# Nothing that exits, prints, or looks at its surroundings.
called=$($nm -u "$static" 2>/dev/null | awk '{ print $NF }' | sed 's/@.*//' |
    grep -xE '_?exit|abort|__assert_fail|f?printf|puts|putchar|fputs|fwrite|perror|getenv|secure_getenv|setlocale|localeconv|signal|sigaction|fesetround|fesetenv|system|fork|open|fopen' || true)
[ -z "$called" ] || { echo "called: $called"; exit 1; }

# No transcendental function of libm: they differ from machine to machine.
called=$($nm -u "$static" 2>/dev/null | awk '{ print $NF }' |
    grep -xE '(exp|exp2|expm1|log|log2|log10|log1p|pow|sin|cos|tan|tanh|sinh|cosh|erf|erfc|tgamma|lgamma)f?' || true)
[ -z "$called" ] || { echo "libm: $called"; exit 1; }
