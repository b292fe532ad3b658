#!/bin/sh
# Builds the peers into the directory that is named.
set -eu
cd "$(dirname "$0")"
mkdir -p "$1"
cc -O2 -Wall -Wextra -Werror -o "$1/auparse_visit" auparse_visit.c -lauparse -laudit
cc -O2 -Wall -Wextra -Werror -o "$1/walk_bare" walk_bare.c -lcrypto
