#!/bin/sh
# Runs the ring's tests under the thread sanitizer. VEDETTE_RING_RECORDS sets how much each of them sends.
#
# The history is as long as it can be: with the default a deliberately broken ring was not noticed.
set -eu
cd "$(dirname "$0")/../.."
export TSAN_OPTIONS="history_size=7 halt_on_error=1 exitcode=66"
export VEDETTE_RING_RECORDS="${VEDETTE_RING_RECORDS:-100000}"
# Tests that prove traps start processes of their own, where the sanitizer has nothing to find.
exec swift test --sanitize=thread --scratch-path .build-tsan --disable-xctest --filter EventRingTests \
    --skip misuseTraps "$@"
