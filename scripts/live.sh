#!/bin/bash
# Runs the live tests (Tests/Live) on the real kernel, one run at a time, and leaves the host as it was.
#   scripts/live.sh [row…|day]
set -u
cd "$(dirname "$0")/.."

if [ "$(id -u)" != 0 ]; then
    echo "SKIPPED: the live tests need root: they load audit rules, mark filesystems and change users."
    exit 0
fi
for tool in python3 gcc make; do
    command -v $tool >/dev/null || { echo "SKIPPED: the live tests need $tool."; exit 0; }
done
if [ ! -x "${VEDETTE:-.build/release/vedette}" ]; then
    echo "no ${VEDETTE:-.build/release/vedette}: swift build -c release --static-swift-stdlib" >&2
    exit 1
fi

exec 8>/tmp/vedette-live.lock
flock -n 8 || { echo "waiting for another run of the live tests" >&2; flock 8; }

audit_setting() { auditctl -s 2>/dev/null | awk -v name="$1" '$1 == name { print $2 }'; }

if command -v auditctl >/dev/null; then
    enabled=$(audit_setting enabled)
    backlog_limit=$(audit_setting backlog_limit)
    backlog_wait_time=$(audit_setting backlog_wait_time)
fi

# What a killed sensor leaves: its own rules, by key, and nothing else.
remove_own_rules() {
    auditctl -l 2>/dev/null | grep -E '(-k |key=)vedette' | while read -r rule; do
        case $rule in
            -a*) rule="-d${rule#-a}" ;;
            -w*) rule="-W${rule#-w}" ;;
        esac
        # The rule is split into words on purpose.
        # shellcheck disable=SC2086
        auditctl $rule >/dev/null 2>&1
    done
}

runner=
clean_up() {
    trap - EXIT INT TERM
    if [ -n "$runner" ] && kill -0 "$runner" 2>/dev/null; then
        kill -TERM "$runner"
        wait "$runner" 2>/dev/null
    fi
    if [ -n "${enabled:-}" ]; then
        remove_own_rules
        [ "$enabled" = 2 ] || {
            auditctl -e "$enabled"
            auditctl -b "$backlog_limit"
            auditctl --backlog_wait_time "$backlog_wait_time"
        } >/dev/null 2>&1
    fi
    findmnt -rno TARGET | grep -F /vedette-live | sort -r | while read -r mount; do umount -l "$mount"; done
    # The mark is CONTAINER_MARK of row01_02_attribution.py.
    find /sys/fs/cgroup -depth -type d \( -name '11fe7e57*' -o -name 'vedette-live*' \) \
        -exec rmdir {} + 2>/dev/null
    rm -rf "${VEDETTE_LIVE_DIR:-/var/lib}"/vedette-live.*
}
trap clean_up EXIT
trap 'clean_up; exit 130' INT
trap 'clean_up; exit 143' TERM

make -s -C Tests/TesterPrograms || exit 1
python3 Tests/Live/run.py "$@" 8>&- &
runner=$!
wait "$runner"
code=$?
runner=
exit $code
