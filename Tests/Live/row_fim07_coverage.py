"""fim row 7: a source that ends, audit that is switched off, auditd beside it: coverage says so, and recovers."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import time

from harness import Vedette, note, skip, tester, unmount, verdict, workspace
from row11_killed import audit_status

CANARY = 5
"""Seconds between canaries here; 60 by default."""

BAR = 120.0
"""Seconds in which coverage has to change."""

SOURCES = ["fanotify", "inotify", "audit", "proc_connector", "taskstats"]

NETLINK = {"audit": 9, "proc_connector": 11, "taskstats": 16}
"""The protocol of each source's socket, as in /proc/net/netlink."""


def run():
    if os.uname().machine == "x86_64":
        run_closed()
    else:
        skip("fim 7 closed", "close_descriptor knows x86-64 only")
    if shutil.which("auditctl") is None:
        skip("fim 7 audit", "auditctl is missing (apt-get install auditd)")
        return
    if audit_status().get("enabled") == "2":
        skip("fim 7 audit", "audit is immutable on this host until it reboots")
        return
    run_switched_off()
    run_rules_deleted()
    run_auditd()


# A descriptor that somebody closes ---------------------------------------------------------------------------


def run_closed():
    with workspace() as directory, Overlay(directory) as merged:
        watched = os.path.join(directory, "watched")
        os.mkdir(watched)
        with Vedette([watched, merged], "--canary", str(CANARY)) as vedette:
            time.sleep(CANARY)
            for source in SOURCES:
                closed(vedette, source, watched, merged)
            changes = [event for event in vedette.events if "file" in event]
            names = {pathlib.Path(event["file"]["path"]).name for event in changes}
            expected = {"after-" + source for source in SOURCES}
            code, _ = vedette.stop()
        verdict("fim 7 closed", f"nothing else is told as a change ({len(changes)} lines), exit code {code}",
                names == expected and code == 0)


def closed(vedette, source, watched, merged):
    """Closes what `source` reads, and waits for what is said about it; then makes a change."""
    row = f"fim 7 closed {source}"
    seen = len(vedette.lines)
    begin = time.monotonic()
    numbers = descriptors(vedette.pid, source)
    subprocess.run([tester("close_descriptor"), str(vedette.pid), *map(str, numbers)], check=True)
    before = "degraded" if source == "inotify" else "live"
    off = wait_for_state(vedette, source, lambda state: state != before, seen)
    after = time.monotonic() - begin
    back = wait_for_state(vedette, source, lambda state: state == before, seen)
    recovered = time.monotonic() - begin
    gap = vedette.wait_for(
        lambda event: event["event"]["sequence"] > seen and event["event"]["action"] == "gap"
        and event["vedette"]["gap"]["source"] == source
        and event["vedette"]["gap"]["cause"] == "source_restarted", 5)
    name = os.path.join(merged if source == "inotify" else watched, "after-" + source)
    subprocess.run(["/bin/sh", "-c", f"echo x > {name}"], check=True)
    change = vedette.wait_for(lambda event: event.get("file", {}).get("path") == name)
    who = change and change.get("process", {}).get("name")
    verdict(row, f"told after {after:.1f} s ({reason(off)}), back after {recovered:.1f} s, gap told: {bool(gap)}, "
            f"then a change by {who}",
            bool(off and back and gap and change) and after < BAR and (source == "inotify" or who == "sh"))


def descriptors(pid, source):
    """The numbers of the descriptors that the kernel sends `source`'s events to (for audit also the one it is asked
    by)."""
    sockets = set()
    if source in NETLINK:
        for line in open("/proc/net/netlink"):
            fields = line.split()
            if fields[1] == str(NETLINK[source]):
                sockets.add(f"socket:[{fields[9]}]")
    names = {"fanotify": {"anon_inode:[fanotify]"}, "inotify": {"anon_inode:inotify"}}.get(source, sockets)
    directory = f"/proc/{pid}/fd"
    found = []
    for number in os.listdir(directory):
        # Others come and go.
        with contextlib.suppress(FileNotFoundError):
            if os.readlink(os.path.join(directory, number)) in names:
                found.append(number)
    return found


class Overlay:
    """An overlay on a tmpfs, which fanotify refuses to mark."""

    def __init__(self, directory):
        self.base = os.path.join(directory, "overlay")

    def __enter__(self):
        os.mkdir(self.base)
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", self.base], check=True)
        lower, upper, work, merged = (
            os.path.join(self.base, name) for name in ("lower", "upper", "work", "merged"))
        for path in (lower, upper, work, merged):
            os.mkdir(path)
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o",
                        f"lowerdir={lower},upperdir={upper},workdir={work}", merged], check=True)
        return merged

    def __exit__(self, *_):
        unmount(os.path.join(self.base, "merged"))
        unmount(self.base)


# Audit ---------------------------------------------------------------------------------------------------


def run_switched_off():
    with workspace() as directory, Vedette(directory, "--canary", str(CANARY)) as vedette:
        time.sleep(CANARY)
        subprocess.run(["auditctl", "-e", "0"], check=True, capture_output=True)
        begin = time.monotonic()
        off = wait_for_state(vedette, "audit", lambda state: state == "degraded")
        told = time.monotonic() - begin
        time.sleep(2 * CANARY)
        seen = len(vedette.lines)
        subprocess.run(["auditctl", "-e", "1"], check=True, capture_output=True)
        begin = time.monotonic()
        back = wait_for_state(vedette, "audit", lambda state: state == "live", seen)
        recovered = time.monotonic() - begin
        verdict("fim 7 audit -e 0", f"told after {told:.1f} s ({reason(off)}), live {recovered:.1f} s after -e 1",
                bool(off and back) and told < BAR and recovered < BAR)


def run_rules_deleted():
    """Somebody takes the rules away, and says nothing: only the canary notices."""
    rules = subprocess.run(["auditctl", "-l"], capture_output=True, text=True).stdout
    if "No rules" not in rules:
        skip("fim 7 audit -D", "this host has audit rules of its own")
        return
    with workspace() as directory, Vedette(directory, "--canary", str(CANARY)) as vedette:
        time.sleep(CANARY)
        subprocess.run(["auditctl", "-D"], check=True, capture_output=True)
        begin = time.monotonic()
        off = wait_for_state(vedette, "audit", lambda state: state != "live")
        told = time.monotonic() - begin
        seen = off["event"]["sequence"] if off else 0
        back = wait_for_state(vedette, "audit", lambda state: state == "live", seen)
        recovered = time.monotonic() - begin
        left = subprocess.run(["auditctl", "-l"], capture_output=True, text=True).stdout
        verdict("fim 7 audit -D", f"told after {told:.1f} s ({reason(off)}), live with rules after "
                f"{recovered:.1f} s",
                bool(off and back) and "vedette" in left and told < BAR)


def run_auditd():
    program = shutil.which("auditd")
    if program is None or audit_status().get("pid") != "0":
        skip("fim 7 auditd", "there is no auditd here, or it runs already")
        return
    with workspace() as directory:
        configuration = os.path.join(directory, "auditd")
        write_configuration(configuration, os.path.join(directory, "audit.log"))
        watched = os.path.join(directory, "watched")
        os.mkdir(watched)
        with Vedette(watched, "--canary", str(CANARY)) as vedette:
            time.sleep(CANARY)
            beside_auditd(vedette, program, configuration, watched)


def write_configuration(directory, log):
    os.mkdir(directory)
    settings = {
        "local_events": "yes", "write_logs": "yes", "log_file": log, "log_format": "RAW", "flush": "NONE",
        "max_log_file": 8, "max_log_file_action": "IGNORE", "space_left": 75, "space_left_action": "IGNORE",
        "admin_space_left": 50, "admin_space_left_action": "IGNORE", "disk_full_action": "IGNORE",
        "disk_error_action": "IGNORE",
    }
    path = os.path.join(directory, "auditd.conf")
    with open(path, "w") as file:
        file.writelines(f"{name} = {value}\n" for name, value in settings.items())
    os.chmod(path, 0o640)
    os.mkdir(os.path.join(directory, "plugins.d"))
    return path


def beside_auditd(vedette, program, configuration, watched):
    # The first attempt asks for the daemon's place, which is free at the next.
    daemon = None
    for _ in range(5):
        daemon = subprocess.Popen([program, "-n", "-c", configuration], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        time.sleep(3)
        if daemon.poll() is None and audit_status().get("pid") == str(daemon.pid):
            break
        if daemon.poll() is None:
            daemon.terminate()
        daemon.wait()
    has_place = audit_status().get("pid") == str(daemon.pid)
    during = attributed(vedette, watched, "during")
    if daemon.poll() is None:
        daemon.terminate()
        daemon.wait()
    subprocess.run(["auditctl", "-e", "1"], capture_output=True)
    time.sleep(3 * CANARY)
    after = attributed(vedette, watched, "after")
    states = [event["vedette"]["coverage"]["state"] for event in vedette.events if is_coverage(event, "audit")]
    note(f"states of audit: {' '.join(states) or 'live all the time'}")
    verdict("fim 7 auditd", f"auditd has the place: {has_place}; who is told from audit while it runs: {during}, and "
            f"after it has ended: {after}; the last state: {states[-1] if states else 'live'}",
            has_place and during and after and (not states or states[-1] == "live"))


def attributed(vedette, directory, name):
    """Whether a short-lived process is told with what only audit knows of it: its whole line of arguments."""
    path = os.path.join(directory, name)
    subprocess.run(["/usr/bin/touch", path], check=True)
    change = vedette.wait_for(lambda event: event.get("file", {}).get("path") == path)
    return bool(change) and change["process"].get("args") == ["/usr/bin/touch", path]


# What is said -------------------------------------------------------------------------------------------------


def is_coverage(event, source):
    return event["event"]["action"] == "coverage" and event["vedette"]["coverage"]["source"] == source


def wait_for_state(vedette, source, is_wanted, seen=0):
    """The first event after the first `seen` lines that says that `source` is in such a state."""
    return vedette.wait_for(
        lambda event: event["event"]["sequence"] > seen and is_coverage(event, source)
        and is_wanted(event["vedette"]["coverage"]["state"]), BAR + 10)


def reason(event):
    return event["vedette"]["coverage"].get("reason", "no reason") if event else "not told"
