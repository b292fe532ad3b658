#!/bin/bash
# Watches the host's /etc, /usr/local and a demonstration directory. Ctrl-C ends it.
set -eu
cd "$(dirname "$0")/.."

demo=$(mktemp -d "${TMPDIR:-/tmp}/vedette-demo.XXXXXX")
trap 'rm -rf "$demo"' EXIT
# For us: vedette gets the same signal, ends in order and prints its summary.
trap : INT TERM

cat <<MESSAGE

Watching /etc, /usr/local and $demo. In a second terminal, type for example

    echo hello > $demo/notes
    sed -i s/hello/bye/ $demo/notes
    sudo touch /etc/vedette-was-here; sudo rm /etc/vedette-was-here

Each is one line here. Ctrl-C ends.

MESSAGE
as_root=
[ "$(id -u)" = 0 ] || as_root=sudo
$as_root .build/release/vedette watch /etc /usr/local "$demo"
