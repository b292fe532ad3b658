#!/bin/bash
# Runs each benchmark script of Benchmarks/ and keeps its output, with machine and kernel, in Benchmarks/results/.
set -eu
cd "$(dirname "$0")/.."
mkdir -p Benchmarks/results
count=0
for script in Benchmarks/*.sh; do
    [ -x "$script" ] || continue
    count=$((count + 1))
    result=Benchmarks/results/$(date +%Y-%m-%d)-$(basename "$script" .sh).txt
    {
        uname -srm
        grep -m 1 'model name' /proc/cpuinfo || true
        "$script"
    } 2>&1 | tee "$result"
    [ "${PIPESTATUS[0]}" = 0 ] || { echo "bench: $script failed" >&2; exit 1; }
done
[ $count -gt 0 ] || echo "SKIPPED: no scripts in Benchmarks/" >&2
