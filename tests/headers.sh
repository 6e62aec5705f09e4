#!/bin/sh
# SPDX-License-Identifier: MIT
# Every public header compiles alone, as C11 and as C++: headers.sh INCLUDE 'CC' 'CXX'.
set -eu
for header in "$1"/lanefit/*.h; do
    case $header in
    *.inl.h) continue ;;
    esac
    echo "#include <lanefit/${header##*/}>" |
        $2 -std=c11 -pedantic-errors -Wall -Wextra -Werror -I"$1" -fsyntax-only -x c -
    echo "#include <lanefit/${header##*/}>" |
        $3 -std=c++11 -Wall -Wextra -Wpedantic -Werror -I"$1" -fsyntax-only -x c++ -
done
