#!/bin/sh
# The first process of a guest: does the job that the kernel's command line names, and switches the guest off.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root PYTHONDONTWRITEBYTECODE=1
mount -t proc proc /proc
mount -t sysfs sys /sys
mountpoint -q /dev || mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /run
mount -t cgroup2 cgroup /sys/fs/cgroup
mount -o remount,rw /
modprobe -a loop overlay 2>/dev/null
ip link set lo up
cd /vedette || exit 1

# given NAME: what the kernel's command line says of it.
given() { sed -n "s/.*vedette\.$1=\([^ ]*\).*/\1/p" /proc/cmdline; }

job=$(given job)
export VEDETTE_LIVE_TRIALS="$(given trials)" VEDETTE_LIVE_MAY_SET_CLOCK=1
kinds=$(given kinds)
[ -z "$kinds" ] || export VEDETTE_LIVE_KINDS="$kinds"
uname -r
case $job in
    usual | newer)
        # Emulated, useradd takes seconds.
        export VEDETTE_LIVE_KILLS=10 VEDETTE_LIVE_MODES=audit VEDETTE_LIVE_SETTLE=3000
        rows="1 11 fim06_clock fim10"
        # Six minutes, and nothing of it is the kernel's but what the kinds of change show.
        [ $job = newer ] || rows="$rows 7" ;;
    immutable)
        # A guest only: nobody can undo this but a reboot.
        auditctl -b 8192 >/dev/null
        auditctl --backlog_wait_time 0 >/dev/null
        auditctl -e 2 >/dev/null
        export VEDETTE_LIVE_MODES=immutable
        rows=2 ;;
    unavailable)
        export VEDETTE_LIVE_MODES=unavailable VEDETTE_LIVE_KIND_MODES=no-audit
        rows="2 fim10" ;;
esac
chosen=$(given rows | tr , ' ')
# The rows are words.
# shellcheck disable=SC2086
python3 Tests/Live/run.py ${chosen:-$rows}
# Switches off, whoever still runs.
echo o >/proc/sysrq-trigger
sleep 60
