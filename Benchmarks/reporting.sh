#!/bin/sh
# The encoders of events: nanoseconds and bytes a line.
set -eu
cd "$(dirname "$0")"
swift build -c release --static-swift-stdlib --product ReportingBenchmark >&2
exec "$(swift build -c release --show-bin-path)/ReportingBenchmark"
