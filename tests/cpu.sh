#!/bin/sh
# SPDX-License-Identifier: MIT
# Other CPUs, under qemu: cpu.sh LANEFIT. 77 (skipped) where qemu-x86_64 is missing.
set -eu
command -v qemu-x86_64 >/dev/null || exit 77
lanefit=$1

# Without FMA every command says so and exits 1.
for command in 'info' 'reproduce' 'reproduce linear' 'reproduce shared --path autograd' \
    'reproduce roots' 'reproduce linear --isa avx2' 'reproduce linear --isa scalar'; do
    status=0
    # shellcheck disable=SC2086
    said=$(qemu-x86_64 -cpu Nehalem "$lanefit" $command 2>&1) || status=$?
    [ $status -eq 1 ] || { echo "Nehalem: '$command' exits $status: $said"; exit 1; }
    case $said in
    'lanefit: this CPU has no fused multiply-add'*) ;;
    *) echo "Nehalem: '$command' says: $said"; exit 1 ;;
    esac
done
qemu-x86_64 -cpu Nehalem "$lanefit" --version

# With AVX2 but no AVX-512 that table is chosen.
qemu-x86_64 -cpu Haswell "$lanefit" info | grep -x 'chosen   avx2'
qemu-x86_64 -cpu Haswell "$lanefit" reproduce shared | grep -x 'linear.weight=1.110'
