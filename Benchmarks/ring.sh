#!/bin/sh
# The event ring beside queues under a mutex: throughput and latency. Fails when the median is below 20 million
# records a second.
set -eu
cd "$(dirname "$0")"
swift build -c release --static-swift-stdlib --product RingBenchmark >&2
results=$(mktemp)
trap 'rm -f "$results"' EXIT
"$(swift build -c release --show-bin-path)/RingBenchmark" | tee "$results"
awk '$1 == "ring" && $2 == 64 {
    print "64-byte records: median " $3 ", best " $4 " million a second (bar 20)"
    exit !($3 >= 20)
}' "$results"
