#!/bin/sh
# Fuzzes one decoder. usage: fuzz.sh AuditFuzz SECONDS [libFuzzer options]
# Starts from the fixtures; what it finds to be interesting stays in .build/corpus.
set -eu
cd "$(dirname "$0")"
target=$1
seconds=$2
shift 2
# The decoders themselves must be built with coverage, hence the option for all modules.
swift build -c release --product "$target" -Xswiftc -sanitize=fuzzer -Xswiftc -use-ld=lld
corpus=.build/corpus/$target
mkdir -p "$corpus" "findings/$target"
number=0
for log in ../Tests/KernelDecodingTests/Fixtures/*/*.log; do
	number=$((number + 1))
	{ printf '\200'; head -c 20000 "$log"; } >"$corpus/text$number"
	{ printf '\001'; head -c 4000 "$log"; } >"$corpus/stream$number"
done
exec "$(swift build -c release --show-bin-path)/$target" -max_total_time="$seconds" -max_len=20000 -timeout=10 \
	-rss_limit_mb=512 -artifact_prefix="findings/$target/" "$@" "$corpus" "findings/$target"
