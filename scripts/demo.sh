#!/bin/bash
# Watches a directory, makes one change of each kind in it, waits for the line of each, and ends. Fails when a line
# does not come.
#   scripts/demo.sh [option of vedette watch…]
set -u
cd "$(dirname "$0")/.."
vedette=$PWD/.build/release/vedette

if [ "$(id -u)" != 0 ]; then
    echo "demo: vedette hears the kernel as root only: sudo"
    exec sudo "scripts/demo.sh" "$@"
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/vedette-demo.XXXXXX")
watched=$work/files
mkdir "$watched"
mkfifo "$work/out" "$work/err"
sensor=
clean_up() {
    [ -z "$sensor" ] || { kill -INT "$sensor" && wait "$sensor"; } 2>/dev/null
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# Through named pipes, so that their readers can be waited for.
tee "$work/lines" <"$work/out" &
readers=$!
tee "$work/messages" <"$work/err" >&2 &
readers="$readers $!"
"$vedette" watch --no-color "$@" "$watched" >"$work/out" 2>"$work/err" &
sensor=$!

# await FILE PATTERN: until a line of FILE matches, ten seconds at most.
await() {
    local deadline=$((SECONDS + 10))
    until grep -qE "$2" "$work/$1" 2>/dev/null; do
        kill -0 "$sensor" 2>/dev/null || return 1
        [ $SECONDS -lt $deadline ] || return 1
        read -rt 0.05 <> <(:) || true
    done
}

missing=
# change KIND NAME COMMAND…: makes a change in the directory, and waits for its line.
change() {
    local kind=$1 name=$2
    shift 2
    (cd "$watched" && "$@")
    await lines "^[0-9:.]+ +$kind +$watched/$name " || missing="$missing $kind($name)"
}

if ! await messages '^watching '; then
    echo "demo: FAILED: vedette does not watch" >&2
    exit 1
fi
printf '#!/bin/sh\necho built > result\n' >"$work/build.sh"
chmod 755 "$work/build.sh"

change created notes sh -c 'echo hello > notes'
change modified notes sh -c 'echo more >> notes'
change replaced notes sed -i s/hello/bye/ notes
change attributes notes chmod 600 notes
change linked link ln notes link
change renamed notes mv notes letter
change created result "$work/build.sh"
change deleted letter rm letter

kill -INT "$sensor"
wait "$sensor"
code=$?
sensor=
# shellcheck disable=SC2086
wait $readers
[ $code = 0 ] || missing="$missing end(exit code $code)"
[ "$(wc -l <"$work/lines")" = 8 ] || missing="$missing one-line-for-each-change"
if [ -n "$missing" ]; then
    echo "demo: FAILED, missing:$missing" >&2
    exit 1
fi
echo "demo: 8 changes, 8 lines"
