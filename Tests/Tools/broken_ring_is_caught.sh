#!/bin/sh
# Builds the ring without the release of its index and proves that the thread sanitizer reports it.
set -eu
cd "$(dirname "$0")/../.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export VEDETTE_BROKEN_RING=1
export TSAN_OPTIONS="history_size=7 halt_on_error=1 exitcode=66"
export VEDETTE_RING_RECORDS="${VEDETTE_RING_RECORDS:-100000}"
run="swift test --sanitize=thread --scratch-path .build-tsan-broken --disable-xctest"
swift build --build-tests --sanitize=thread --scratch-path .build-tsan-broken
if $run --filter everyRecordComesOnceInOrderAndWhole >"$log" 2>&1; then
    echo "NOT CAUGHT: the broken ring passed"
    exit 1
fi
if ! grep -q 'WARNING: ThreadSanitizer: data race' "$log"; then
    echo "NOT PROVEN: the broken ring failed, but not by a data race:"
    tail -20 "$log"
    exit 1
fi
grep -m 1 -A 12 'WARNING: ThreadSanitizer: data race' "$log"
echo "CAUGHT: the thread sanitizer reports the ring without its release"
