#!/bin/sh
# Decoding audit text side by side with libauparse: processor time, one core, the same log.
# usage: audit-text.sh [MEGABYTES [ROUNDS]]; ROUNDS may stand in the environment; needs libauparse-dev
set -eu
cd "$(dirname "$0")"
megabytes=${1:-128}
rounds=${2:-${ROUNDS:-5}}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
peers/build.sh "$work"
swift build -c release --static-swift-stdlib --product AuditBenchmark
swift build -c release --static-swift-stdlib --product AuditLogMaker
(cd .. && swift build -c release --static-swift-stdlib --product vedette)
bin=$(swift build -c release --show-bin-path)
vedette=$(cd .. && swift build -c release --show-bin-path)/vedette
log=$work/audit.log
# Without the logs of Linux 2.6.32: libauparse takes the word before the fields of a USER_AVC for a field.
"$bin/AuditLogMaker" "$megabytes" "$log" \
	$(find ../Tests/KernelDecodingTests/Fixtures -name '*.log' ! -path '*-2.6.32/*' | LC_ALL=C sort)
size=$(wc -c <"$log")
uname -srm
grep -m1 'model name' /proc/cpuinfo || true

# Seconds of user and system time of a command.
processor_time() {
	{ TIMEFORMAT='%U %S' bash -c 'time "$@" >"$0"' "$work/output" "$@" 2>"$work/errors"; } && :
	tail -1 "$work/errors" | awk '{ print $1 + $2 }'
}

export TIMEFORMAT='%U %S'
for round in $(seq "$rounds"); do
	"$work/auparse_visit" "$log" >"$work/peer"
	"$bin/AuditBenchmark" "$log" >"$work/ours"
	json=$(processor_time "$vedette" audit parse --json --quiet "$log")
	written=$(wc -c <"$work/output")
	paste -d' ' "$work/peer" "$work/ours" | awk -v size="$size" -v json="$json" -v written="$written" '{
		same = $2 == $12 && $4 == $14 && $6 == $16 ? "identical" : "DIFFERENT"
		printf "libauparse %.3f s (%.0f MB/s)  fields %.3f s (%.0f MB/s) = %.1fx  ", $10, size/$10/1e6, $20, size/$20/1e6, $10/$20
		printf "json %.3f s (%.0f MB/s, %.0f MB written) = %.1fx  ", json, size/json/1e6, written/1e6, $10/json
		printf "events %d/%d records %d/%d fields %d/%d %s\n", $2, $12, $4, $14, $6, $16, same
	}' | tee -a "$work/results"
done
! grep -q DIFFERENT "$work/results"
median() { grep -o "$1 [0-9.]* s ([^)]*) = [0-9.]*" "$work/results" | awk '{ print $NF }' | sort -n |
	awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
echo "median ratios: fields $(median fields)x (bar 40x)  json $(median json)x (bar 10x)"
"$bin/AuditBenchmark" --stream "$log"
