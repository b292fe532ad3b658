#!/bin/bash
# Scans side by side with a bare walk that does the least: processor time, the files in the page cache.
# usage: scan.sh [ROUNDS]; ROUNDS may stand in the environment. AIDE is measured too where it is installed, once a tree:
# it takes several times as long, and no bar depends on it.
set -eu
cd "$(dirname "$0")"
rounds=${1:-${ROUNDS:-5}}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
peers/build.sh "$work"
(cd .. && swift build -c release --static-swift-stdlib --product vedette) >&2
vedette=$(cd .. && swift build -c release --show-bin-path)/vedette
small=$work/small
mkdir "$small"
python3 - "$small" <<'PYTHON'
import pathlib, sys
for number in range(100_000):
    folder = pathlib.Path(sys.argv[1], f"{number // 1000:03}")
    if number % 1000 == 0:
        folder.mkdir()
    (folder / f"file-{number:06}.txt").write_bytes(b"line %d\n" % number * (number % 200))
PYTHON

# Seconds of user and system time of a command; what it prints goes to a file. All run as politely as a scan makes
# itself, so that what else the host does costs all of them the same.
processor_time() {
    local TIMEFORMAT='%U %S'
    { time nice -n 19 "$@" >"$work/output" 2>&1 || [ $? = 2 ]; } 2>"$work/time"
    awk '{ print $1 + $2 }' "$work/time"
}

# What a scan of ours keeps. AIDE has no generation, no time of birth and no device.
aide_time() {
    cat >"$work/aide.conf" <<CONFIGURATION
database_out=file:$work/aide.out
gzip_dbout=no
database_attrs=sha256
$1 ftype+p+u+g+s+m+c+i+n+l+acl+xattrs+caps+e2fsattrs+sha256
CONFIGURATION
    rm -f "$work/aide.out"
    processor_time aide --config="$work/aide.conf" --init
    [ -s "$work/aide.out" ] || { echo "aide failed:" && cat "$work/output"; } >&2
}

for tree in /usr "$small"; do
    # Into the page cache.
    "$work/walk_bare" digest "$tree"
    aide=-
    if command -v aide >/dev/null; then aide=$(aide_time "$tree"); fi
    for _ in $(seq "$rounds"); do
        rm -rf "$work/root"
        floor=$(processor_time "$work/walk_bare" digest "$tree")
        first=$(processor_time "$vedette" fim scan --root "$work/root" "$tree")
        stat=$(processor_time "$work/walk_bare" stat "$tree")
        second=$(processor_time "$vedette" fim scan --root "$work/root" "$tree")
        echo "$tree $floor $first $stat $second $aide" >>"$work/results"
        echo "$tree: walk and digest $floor s, first scan $first s; walk $stat s, second scan $second s; aide $aide s"
    done
done

awk '
    { n[$1]++; first[$1, n[$1]] = $3 / $2; second[$1, n[$1]] = $5 / $4; aide[$1, n[$1]] = $6 == "-" ? 0 : $6 / $2 }
    function median(values, tree, count,   i, j, t, list) {
        for (i = 1; i <= count; i++) list[i] = values[tree, i]
        for (i = 1; i <= count; i++) for (j = i + 1; j <= count; j++)
            if (list[j] < list[i]) { t = list[i]; list[i] = list[j]; list[j] = t }
        return list[int((count + 1) / 2)]
    }
    END {
        for (tree in n) {
            one = median(first, tree, n[tree]); two = median(second, tree, n[tree])
            printf "%s: median ratios: first scan %.2f (bar 1.3), second scan %.2f (bar 2), aide %.2f\n", tree, one,
                two, median(aide, tree, n[tree])
            failed = failed || one > 1.3 || two > 2
        }
        exit failed
    }' "$work/results"
