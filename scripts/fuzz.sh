#!/bin/bash
# Fuzzes each target below Fuzz/ for FUZZ_SECONDS (600), or those that are named.
#   scripts/fuzz.sh [target…]
set -eu
cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-600}
failed=
if [ $# = 0 ]; then
    for file in $(grep -ls LLVMFuzzerTestOneInput Fuzz/*.swift); do
        [ "$file" = Fuzz/FuzzerInput.swift ] || set -- "$@" "$(basename "$file" .swift)"
    done
fi
for target in "$@"; do
    Fuzz/run.sh "$target" "$seconds" || failed="$failed $target"
done
[ -z "$failed" ] || { echo "fuzz: found something:$failed" >&2; exit 1; }
