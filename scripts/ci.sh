#!/bin/bash
# All that CI runs. Each step says how long it took; the first that fails ends it.
set -u
cd "$(dirname "$0")/.."
begin=$SECONDS

# step NAME COMMAND…
step() {
    local name=$1 start=$SECONDS code=0
    shift
    echo "=== ci: $name"
    "$@" || code=$?
    if [ $code != 0 ]; then
        echo "=== ci: $name FAILED (exit code $code) after $((SECONDS - start)) s; $((SECONDS - begin)) s in all" >&2
        exit 1
    fi
    echo "=== ci: $name passed in $((SECONDS - start)) s"
}

# Steps that hear the kernel.
root_step() {
    if [ "$(id -u)" = 0 ]; then step "$@"; else echo "=== ci: $1 SKIPPED: needs root"; fi
}

step deps make deps
step lint make lint
step test make test
step "ring under the thread sanitizer" Tests/Tools/ring_under_tsan.sh
step "a broken ring is caught" Tests/Tools/broken_ring_is_caught.sh
step fuzz make fuzz FUZZ_SECONDS="${FUZZ_SECONDS:-5}"
root_step demo make demo
# The rows of the baseline, shortened: by themselves they take an hour and a half.
root_step test-live env VEDETTE_LIVE_FIM_KILLS=4 VEDETTE_LIVE_FIM_CHURN_SECONDS=20 VEDETTE_LIVE_FILES=20000 \
    VEDETTE_LIVE_EVENTS=500000 VEDETTE_LIVE_COST_ROUNDS=2 VEDETTE_LIVE_STOPPED=10 VEDETTE_LIVE_LARGE_FILES=1000 \
    make test-live
# Emulated, the two thousand writers of `make test-kernels` take a quarter of an hour.
root_step test-kernels make test-kernels IMMUTABLE_TRIALS=100
step bench make bench ROUNDS=3
echo "=== ci: passed in $((SECONDS - begin)) s"
