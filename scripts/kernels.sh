#!/bin/bash
# Runs live tests in QEMU guests, on Debian's kernels: what must not be done to a host, and what other kernels do.
#   scripts/kernels.sh [words of a guest's name…]
set -eu
cd "$(dirname "$0")/.."

if [ "$(id -u)" != 0 ]; then
    echo "SKIPPED: the guests' disk can be made by root only."
    exit 0
fi
if [ "$(dpkg --print-architecture)" != amd64 ]; then
    echo "SKIPPED: the guests are x86-64 machines."
    exit 0
fi
scripts/deps.sh kernels
make -s -C Tests/TesterPrograms
exec 8>/tmp/vedette-kernels.lock
flock 8
exec python3 Tests/Kernels/run.py "$@" 8>&-
