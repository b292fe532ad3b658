#!/bin/bash
# Fuzzes each target below Fuzz/ for FUZZ_SECONDS (600).
set -eu
cd "$(dirname "$0")/.."
seconds=${FUZZ_SECONDS:-600}
failed=
count=0

# One file each, built by Fuzz/run.sh.
if [ -x Fuzz/run.sh ]; then
    for file in $(grep -ls LLVMFuzzerTestOneInput Fuzz/*.swift); do
        count=$((count + 1))
        Fuzz/run.sh "$(basename "$file" .swift)" "$seconds" || failed="$failed $file"
    done
fi
# A package with one product each.
if [ -x Fuzz/fuzz.sh ]; then
    for directory in Fuzz/Sources/*/; do
        count=$((count + 1))
        Fuzz/fuzz.sh "$(basename "$directory")" "$seconds" || failed="$failed $directory"
    done
fi

[ $count -gt 0 ] || echo "SKIPPED: no fuzz targets below Fuzz/" >&2
[ -z "$failed" ] || { echo "fuzz: found something:$failed" >&2; exit 1; }
