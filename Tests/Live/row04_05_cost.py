"""Rows 4 and 5: processor time beside bare readers written in C, in turns, on the same work."""

import contextlib
import json
import os
import re
import statistics
import subprocess
import time

from harness import Vedette, note, setting, skip, tester, unmount, verdict, workspace

ROUNDS = 3

MIXES = {"all": (30_000, 3_000), "modify": (60_000, 6_000)}
"""Rounds of filemix, and how many a second. A round of `all` makes six events, one of `modify` two."""

FANOTIFY_BAR, AUDIT_BAR = 1.5, 3.0

FLOOD, FLOOD_RATE = 70_000, 7_000
"""Refused opens, and how many a second. Each makes six records: SYSCALL, CWD, two of PATH, PROCTITLE, EOE."""


def run():
    for mix in MIXES:
        fanotify(mix)
    audit()


class Bare:
    """A bare reader that runs inside a `with` block; `stop` returns its counts."""

    def __init__(self, *command):
        self.command = command

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        line = self.process.stderr.readline()
        if not line.startswith(b"watching"):
            raise RuntimeError(f"{self.command[0]}: {line.decode()}")
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.communicate(timeout=20)

    def stop(self):
        self.process.terminate()
        return json.loads(self.process.communicate(timeout=20)[0])


def processor_seconds(pid):
    """User and system time of all threads since the process started."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_until_idle(pid, seconds=30):
    """Waits until the reader has worked off its queue: it uses hardly any time over a quarter of a second."""
    deadline, before = time.monotonic() + seconds, -1.0
    while time.monotonic() < deadline:
        used = processor_seconds(pid)
        if used - before < 0.02:
            return
        before = used
        time.sleep(0.25)


def vedette_cost(directory, output, source, work, *options):
    """Microseconds an event of `source`, the events, and the losses that the summary tells. Lines go to a file."""
    with Vedette(directory, *options, output=output) as vedette:
        start = processor_seconds(vedette.pid)
        work()
        wait_until_idle(vedette.pid)
        used = processor_seconds(vedette.pid) - start
        _, summary = vedette.stop()
    found = re.search(rf"^\s*{source}\s+(\d+) events, (.*)$", summary, re.MULTILINE)
    if not found or found[1] == "0":
        raise RuntimeError(f"no events of {source} in the summary:\n{vedette.coverage}{summary}")
    losses = [] if found[2].strip() == "nothing lost" else [found[2].strip()]
    return used * 1e6 / int(found[1]), int(found[1]), losses


@contextlib.contextmanager
def own_filesystem(megabytes=256):
    """A fresh ext4, so that other work on the host makes no events in it."""
    with workspace() as directory:
        image, mount = os.path.join(directory, "image"), os.path.join(directory, "mount")
        os.mkdir(mount)
        with open(image, "wb") as file:
            file.truncate(megabytes << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
        subprocess.run(["mount", "-o", "loop", image, mount], check=True)
        try:
            yield mount
        finally:
            unmount(mount)


def fanotify(mix):
    rounds, rate = MIXES[mix]
    bare, ours, counts, losses = [], [], [], []
    with own_filesystem() as directory, workspace() as aside:
        def work():
            subprocess.run([tester("filemix"), mix, directory, str(rounds), str(rate)], check=True)

        for _ in range(setting("ROUNDS", ROUNDS)):
            with Bare(tester("fanotify_bare"), directory) as reader:
                work()
                result = reader.stop()
            bare.append(result["cpu_us"] / result["events"])
            output = os.path.join(aside, "lines")
            cost, count, lost = vedette_cost(directory, output, "fanotify", work, "--no-audit")
            ours.append(cost)
            counts.append((result["events"], count))
            losses += lost + [f"bare: {result['overflows']} overflows"] * bool(result["overflows"])
    ratio = statistics.median(ours) / statistics.median(bare)
    verdict(f"4 {mix}", f"{listed(bare)} µs an event bare, {listed(ours)} vedette; ratio of the medians "
                        f"{ratio:.2f}; bar {FANOTIFY_BAR}", ratio <= FANOTIFY_BAR and not losses)
    note(f"events, bare and vedette: {counts}; losses: {losses or 'none'}")


def audit():
    if audit_status("pid"):
        skip(5, "audit belongs to somebody else here")
        return
    bare, ours, counts, bare_lost, lost = [], [], [], 0, 0
    with workspace() as directory, workspace() as aside, rule_on(directory):
        def work():
            subprocess.run([tester("auditflood"), directory, str(FLOOD), str(FLOOD_RATE)], check=True)

        for _ in range(setting("ROUNDS", ROUNDS)):
            with Bare(tester("audit_bare")) as reader:
                work()
                result = reader.stop()
            bare.append(result["cpu_us"] / result["records"])
            bare_lost += result["lost"] + result["overruns"]
            before = audit_status("lost")
            cost, count, losses = vedette_cost(directory, os.path.join(aside, "lines"), "audit", work)
            ours.append(cost)
            counts.append((result["records"], count))
            lost += audit_status("lost") - before + len(losses)
    ratio = statistics.median(ours) / statistics.median(bare)
    verdict(5, f"{listed(bare)} µs a record bare, {listed(ours)} vedette; ratio of the medians {ratio:.2f}; "
               f"lost {bare_lost} bare, {lost} vedette; bar {AUDIT_BAR}", ratio <= AUDIT_BAR and not lost)
    note(f"records, bare and vedette: {counts}")


def audit_status(name):
    status = subprocess.run(["auditctl", "-s"], check=True, text=True, capture_output=True).stdout
    return int(re.search(rf"^{name} (\d+)", status, re.MULTILINE)[1])


@contextlib.contextmanager
def rule_on(directory):
    """A rule that makes the records, whoever reads them: vedette's own may be narrower."""
    rule = ["always,exit", "-F", f"dir={directory}", "-F", "perm=wa", "-k", "vedette-bench"]
    subprocess.run(["auditctl", "-a", *rule], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["auditctl", "-d", *rule], check=True, capture_output=True)


def listed(values):
    return "/".join(f"{value:.2f}" for value in values)
