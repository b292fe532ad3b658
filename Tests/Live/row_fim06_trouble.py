"""fim row 6: a watched filesystem that is unmounted, limits that are reached, a sensor that is stopped for a minute."""

import contextlib
import os
import signal
import subprocess
import time

from harness import Vedette, busy, is_gap, note, setting, tester, unmount, verdict, workspace
from row_fim07_coverage import CANARY, Overlay, is_coverage, reason, wait_for_state


def run():
    run_unmounted()
    run_fanotify_limit()
    run_inotify_limit("fs.inotify.max_user_instances", 0, "off")
    run_inotify_limit("fs.inotify.max_user_watches", 1, "degraded")
    run_stopped()
    run_loaded()


def run_unmounted():
    with workspace() as directory:
        image, place = os.path.join(directory, "image"), os.path.join(directory, "mnt")
        os.mkdir(place)
        subprocess.run(["truncate", "-s", "16M", image], check=True)
        subprocess.run(["mke2fs", "-q", "-t", "ext4", image], check=True)
        mount = ["mount", "-o", "loop", image, place]
        subprocess.run(mount, check=True)
        try:
            with Vedette(place, "--canary", str(CANARY)) as vedette:
                time.sleep(CANARY)
                unmount(place)
                off = wait_for_state(vedette, "fanotify", lambda state: state == "degraded")
                time.sleep(2 * CANARY)
                seen = len(vedette.lines)
                subprocess.run(mount, check=True)
                back = wait_for_state(vedette, "fanotify", lambda state: state == "live", seen)
                gap = vedette.wait_for(
                    lambda event: is_gap(event)
                    and event["vedette"]["gap"]["cause"] == "filesystem_unmounted", 5)
                change = changed(vedette, os.path.join(place, "after"))
        finally:
            unmount(place)
        verdict("fim 6 unmounted", f"{reason(off)}; then live, gap told: {bool(gap)}, a change by {change}",
                bool(off and back and gap) and "is not mounted" in reason(off) and change == "sh")


def run_fanotify_limit():
    name = "fs.fanotify.max_user_groups"
    with workspace() as directory, sysctl(name, 0) as restore:
        with Vedette(directory, "--canary", str(CANARY)) as vedette:
            table = vedette.coverage
            without = changed(vedette, os.path.join(directory, "without"))
            restore()
            begin = time.monotonic()
            back = wait_for_state(vedette, "fanotify", lambda state: state == "live")
            after = time.monotonic() - begin
            change = changed(vedette, os.path.join(directory, "after"))
            vedette.wait_quiet()
            told = [event["file"]["path"] for event in vedette.events if "file" in event]
        verdict("fim 6 max_user_groups", f"the table names the limit: {name in joined(table)}; inotify tells of "
                f"a change meanwhile: {without is not None}; live {after:.0f} s after the limit was raised, then a "
                f"change by {change} ({len(told)} told)",
                name in joined(table) and bool(back) and after < 120 and change == "sh" and len(told) == 2)


def run_inotify_limit(name, value, state):
    with workspace() as directory, Overlay(directory) as merged, sysctl(name, value) as restore:
        for number in range(5):
            os.mkdir(os.path.join(merged, str(number)))
        with Vedette(merged, "--canary", str(CANARY)) as vedette:
            table = vedette.coverage
            restore()
            begin = time.monotonic()
            back = vedette.wait_for(
                lambda event: is_coverage(event, "inotify")
                and event["vedette"]["coverage"].get("reason") == "no process id with the changes", 130)
            after = time.monotonic() - begin
            path = os.path.join(merged, "4", "after")
            changed(vedette, path)
            is_told = any(event.get("file", {}).get("path") == path for event in vedette.events)
        verdict(f"fim 6 {name.rpartition('.')[2]}", f"the table names the limit and says {state}: "
                f"{name in joined(table) and state in table}; watched {after:.0f} s after the limit was raised, then a "
                f"change is told: {is_told}",
                name in joined(table) and state in table and bool(back) and after < 120 and is_told)


def run_stopped():
    """Stopped while files change: what was lost, if anything, is told, and nothing is taken for a failure."""
    seconds = setting("STOPPED", 60)
    with workspace() as directory, Vedette(directory, "--canary", str(CANARY)) as vedette:
        time.sleep(CANARY)
        vedette.process.send_signal(signal.SIGSTOP)
        begin = time.monotonic()
        churn = subprocess.Popen([tester("churn"), directory, "1"], stdout=subprocess.DEVNULL)
        time.sleep(seconds)
        vedette.process.send_signal(signal.SIGCONT)
        churn.wait()
        # The canary that was under way, and one more.
        time.sleep(2 * CANARY + 7)
        change = changed(vedette, os.path.join(directory, "after"))
        gaps = [event["vedette"]["gap"]["cause"] for event in vedette.events if is_gap(event)]
        states = transitions(vedette)
        note(f"stopped for {time.monotonic() - begin:.0f} s; gaps: {' '.join(sorted(set(gaps))) or 'none'}")
        code, _ = vedette.stop()
    verdict("fim 6 stopped", f"goes on: a change by {change}; changes of coverage: {states or 'none'}; exit code "
            f"{code}",
            change == "sh" and not states and code == 0)


def run_loaded():
    """Canaries on a busy host: late is not silent."""
    with workspace() as directory:
        lines, watched = os.path.join(directory, "lines"), os.path.join(directory, "watched")
        os.mkdir(watched)
        with Vedette(watched, "--canary", "1", output=lines) as vedette, busy(4):
            churn = subprocess.Popen([tester("churn"), watched, "20"], stdout=subprocess.DEVNULL)
            storm = subprocess.Popen([tester("forkstorm"), "100000000", tester("nothing")],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(20)
            for child in (churn, storm):
                child.kill()
                child.wait()
            vedette.stop(60)
        with open(lines) as file:
            alarms = [line for line in file if '"action":"coverage"' in line]
    for alarm in alarms[:3]:
        note(alarm.strip()[:300])
    verdict("fim 6 loaded", f"a canary each second beside churn, forks and busy loops: {len(alarms)} alarms",
            not alarms)


@contextlib.contextmanager
def sysctl(name, value):
    """Sets a limit; afterwards, or when what it yields is called, it is as before."""
    path = "/proc/sys/" + name.replace(".", "/")
    with open(path) as file:
        before = file.read()

    def restore():
        write(path, before)
    write(path, str(value))
    try:
        yield restore
    finally:
        restore()


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def joined(table):
    """The coverage table with its broken lines put together."""
    return " ".join(table.split())


def changed(vedette, path):
    """Makes a file. Returns who is told to have made it; None when nothing is told of it."""
    subprocess.run(["/bin/sh", "-c", f"echo x > {path}"], check=True)
    change = vedette.wait_for(lambda event: event.get("file", {}).get("path") == path)
    return change and change.get("process", {}).get("name", "nobody")


def transitions(vedette):
    return [
        f"{event['vedette']['coverage']['source']} {event['vedette']['coverage']['state']}"
        for event in vedette.events if event["event"]["action"] == "coverage"
    ]
