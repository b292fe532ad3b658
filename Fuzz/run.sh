#!/bin/sh
# Fuzz/run.sh TARGET [SECONDS]: builds Fuzz/TARGET.swift with the address sanitizer and libFuzzer and runs it.
#
# A target is one file. Its first lines say what it compiles, relative to the package, directories with all below:
#     // sources: Sources/EventModel Sources/KernelDecoding/Audit
#     // seeds: Tests/KernelDecodingTests/Fixtures/audit       (optional: files to start from)
#     // shims: CScan                                          (optional: C targets whose modules it imports)
#     // libraries: CSQLite                                    (optional: system libraries of CShims)
# and it defines `@_cdecl("LLVMFuzzerTestOneInput")`. All is compiled as one module, so the imports of our own
# Swift modules are taken out first; there is one `FuzzerInput.swift` that all targets may use.
#
# Exits with 0 when nothing was found. What is found stays in Fuzz/findings/TARGET-*; the corpus that grows stays
# in .build-fuzz/TARGET/corpus. FUZZ_OPTIONS adds options of libFuzzer.
set -eu
cd "$(dirname "$0")/.."
target=${1:?usage: Fuzz/run.sh TARGET [SECONDS]}
seconds=${2:-60}
file=Fuzz/$target.swift
[ -f "$file" ] || { echo "fuzz: no such target: $file" >&2; exit 2; }

work=.build-fuzz/$target
mkdir -p "$work/corpus" Fuzz/findings
rm -rf "$work/sources" "$work/objects"
mkdir -p "$work/sources" "$work/objects"

declared() { sed -n "s|^// $1: *||p" "$file"; }

# One flat module: a name for each file that keeps its directory, and no imports of what is now the same module.
modules=$(ls Sources | paste -sd '|')
for source in $(declared sources) Fuzz/FuzzerInput.swift "$file"; do
    [ -e "$source" ] || { echo "fuzz: $file names $source, which is not there" >&2; exit 2; }
    find "$source" -name '*.swift' | while read -r path; do
        flat=$(echo "$path" | tr / _)
        sed -E "s/^((package|internal|public|private|fileprivate|@testable) +)?import +($modules) *\$//" "$path" \
            >"$work/sources/$flat"
    done
done

includes=
objects=
for shim in $(declared shims); do
    includes="$includes -I CShims/$shim/include"
    for source in CShims/"$shim"/*.c; do
        [ -e "$source" ] || continue
        object=$work/objects/$shim-$(basename "$source" .c).o
        clang -c -O1 -g -std=gnu17 -fsanitize=address,fuzzer-no-link -I "CShims/$shim/include" "$source" -o "$object"
        objects="$objects $object"
    done
done

for library in $(declared libraries); do includes="$includes -I CShims/$library"; done

# The gold linker warns about each symbol of the sanitizer: shown only when the build fails.
# shellcheck disable=SC2086
if ! swiftc -O -g -parse-as-library -module-name Fuzz -package-name fuzz -swift-version 6 \
    -enable-upcoming-feature InternalImportsByDefault -enable-upcoming-feature MemberImportVisibility \
    -sanitize=fuzzer,address $includes "$work"/sources/*.swift $objects -o "$work/fuzz" >"$work/build-log" 2>&1; then
    grep -v "Cannot export local symbol" "$work/build-log" >&2
    echo "fuzz: FAIL $target: does not build"
    exit 2
fi

# shellcheck disable=SC2046
seeds=$(for seed in $(declared seeds); do [ -d "$seed" ] && echo "$seed"; done || true)

# With the backtracer on, a crash leaves it hanging with the pipe open.
export SWIFT_BACKTRACE=enable=no
log=$work/log
status=0
# The outer limit is for a hang that libFuzzer's own alarm cannot end.
# shellcheck disable=SC2086
timeout -k 10 $((seconds + 120)) "$work/fuzz" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
    -malloc_limit_mb=256 -max_len=65536 -print_final_stats=1 -artifact_prefix="Fuzz/findings/$target-" \
    ${FUZZ_OPTIONS:-} "$work/corpus" $seeds >"$log" 2>&1 || status=$?

runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -1)
peak=$(sed -n 's/^stat::peak_rss_mb: *//p' "$log" | tail -1)
if [ "$status" -eq 0 ] && [ "${runs:-0}" -gt 0 ]; then
    coverage=$(grep -oE 'cov: [0-9]+' "$log" | tail -1)
    echo "fuzz: PASS $target: ${runs} inputs in ${seconds} s, ${coverage:-cov: ?}, at most ${peak} MB"
    exit 0
fi
grep -E 'ERROR: |SUMMARY: |Fatal error|Test unit written|ALARM' "$log" | head -8 || tail -20 "$log"
[ "$status" -eq 124 ] && echo "fuzz: the process did not end in time"
echo "fuzz: FAIL $target (exit $status, ${runs:-no} inputs); the whole log is $log"
exit 1
