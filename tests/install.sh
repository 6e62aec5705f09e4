#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs into an empty prefix and builds consumers through pkg-config alone:
# install.sh BUILD SOURCE 'CC' 'CXX' PKG_CONFIG. The C consumer is the program that README.md
# shows.
set -eu
build=$1 source=$2 cc=$3 cxx=$4 pkg_config=$5
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT

DESTDIR="$prefix" meson install -C "$build" --no-rebuild --quiet
root="$prefix/usr/local"
for file in include/lanefit/lanefit.h bin/lanefit; do
    [ -f "$root/$file" ] || { echo "$file is not installed"; exit 1; }
done
pc=$(find "$root" -name lanefit.pc)
lib=$(dirname "$(dirname "$pc")")
[ -f "$lib/liblanefit.a" ] && [ -L "$lib/liblanefit.so" ] && [ -e "$lib/liblanefit.so.0" ] ||
    { echo "libraries missing in $lib"; ls -l "$lib"; exit 1; }

# The prefix moved with DESTDIR, so pkg-config is told where it lies.
export PKG_CONFIG_PATH="${pc%/*}"
flags() { $pkg_config --define-variable=prefix="$root" "$@" lanefit; }
awk '/^```c$/ { inside = 1; next } /^```/ { inside = 0 } inside' "$source/README.md" >"$prefix/readme.c"
expected='y = 1.233 x + 0.988'

$cc -std=c11 "$prefix/readme.c" $(flags --cflags) $(flags --libs) -o "$prefix/shared"
[ "$(LD_LIBRARY_PATH="$lib" "$prefix/shared")" = "$expected" ]

mv "$lib/liblanefit.so" "$prefix/hidden.so"
$cc -std=c11 "$prefix/readme.c" $(flags --cflags) $(flags --static --libs) -o "$prefix/static"
mv "$prefix/hidden.so" "$lib/liblanefit.so"
[ "$("$prefix/static")" = "$expected" ]

cat >"$prefix/consumer.cc" <<'END'
#include <cstdio>
#include <lanefit/lanefit.h>

int main()
{
    std::printf("%s\n", lf_version());
    return lf_kernels_best() == nullptr;
}
END
$cxx "$prefix/consumer.cc" $(flags --cflags) $(flags --libs) -o "$prefix/consumer"
LD_LIBRARY_PATH="$lib" "$prefix/consumer"
