#!/bin/sh
# SPDX-License-Identifier: MIT
# What the libraries define, export and call: symbols.sh NM OBJDUMP SHARED STATIC.
set -eu
nm=$1
objdump=$2
shared=$3
static=$4

# Only lf_ symbols are visible, and no data that can be written.
exported=$($nm -D --defined-only "$shared" | awk '{ print $3 }' | grep -v '^lf_' || true)
[ -z "$exported" ] || { echo "exported: $exported"; exit 1; }
defined=$($nm --defined-only -g "$static" 2>/dev/null | awk 'NF == 3 { print $3 }' |
    grep -v '^lf_' || true)
[ -z "$defined" ] || { echo "defined in the static library: $defined"; exit 1; }
# (Tables of pointers are written by the loader alone: .data.rel.ro.)
writable=$($objdump -h "$static" |
    awk '$2 ~ /^\.(data|bss|tdata|tbss)/ && $2 !~ /rel\.ro/ && $3 !~ /^0+$/ { print $2, $3 }')
[ -z "$writable" ] || { echo "writable data: $writable"; exit 1; }

# Nothing that exits, prints, or looks at its surroundings.
called=$($nm -u "$static" 2>/dev/null | awk '{ print $NF }' | sed 's/@.*//' |
    grep -xE '_?exit|abort|__assert_fail|(__)?v?f?printf(_chk)?|puts|putchar|putc|fputc|fputs|fwrite|perror|getenv|secure_getenv|setlocale|localeconv|signal|sigaction|fesetround|fesetenv|system|fork|open|fopen' || true)
[ -z "$called" ] || { echo "called: $called"; exit 1; }

# No transcendental function of libm: they differ from machine to machine.
called=$($nm -u "$static" 2>/dev/null | awk '{ print $NF }' |
    grep -xE '(exp|exp2|exp10|expm1|log|log2|log10|log1p|pow|cbrt|hypot|a?sinh?|a?cosh?|a?tanh?|atan2|sincos|erfc?|tgamma|lgamma)f?' || true)
[ -z "$called" ] || { echo "libm: $called"; exit 1; }
