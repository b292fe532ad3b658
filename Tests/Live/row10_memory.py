"""Row 10: how much memory is resident during and after fork storms and churn."""

import os
import re
import shutil
import subprocess
import threading
import time

from harness import Vedette, note, setting, skip, tester, verdict, workspace

LIMIT = 20 * 1024
"""Kilobytes."""

FIELDS = ["VmRSS", "RssAnon", "RssFile", "RssShmem"]


class Sampler(threading.Thread):
    """Reads the resident size of a process every 0.2 s, by phase."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid = pid
        self.phase = "at the start"
        self.highest = {}
        self.last = {}
        self.at_most = {"VmRSS": 0}
        self.largest = []
        self.ended = threading.Event()

    def run(self):
        while not self.ended.wait(0.2):
            sizes = resident(self.pid)
            if not sizes:
                return
            self.last = sizes
            self.highest[self.phase] = max(self.highest.get(self.phase, 0), sizes["VmRSS"])
            self.note(sizes)
            if sizes["VmRSS"] > self.at_most["VmRSS"]:
                self.at_most = sizes
                self.largest = mappings(self.pid) if sizes["VmRSS"] > LIMIT else []

    def note(self, sizes):
        """Takes each sample."""


def resident(pid):
    """The sizes in kilobytes; empty when the process is gone."""
    try:
        with open(f"/proc/{pid}/status") as status:
            fields = dict(line.split(":", 1) for line in status)
    except OSError:
        return {}
    return {name: int(fields[name].split()[0]) for name in FIELDS if name in fields}


def mappings(pid, count=6):
    """The mappings with the most resident kilobytes."""
    sizes, name = {}, ""
    try:
        with open(f"/proc/{pid}/smaps") as smaps:
            for line in smaps:
                if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                    parts = line.split(maxsplit=5)
                    name = parts[5].strip() if len(parts) > 5 else f"anonymous {parts[0]}"
                elif line.startswith("Rss:"):
                    sizes[name] = sizes.get(name, 0) + int(line.split()[1])
    except OSError:
        pass
    return sorted(sizes.items(), key=lambda one: -one[1])[:count]


def run():
    measure("10 without audit", ["--no-audit"])
    if shutil.which("auditctl") is None:
        skip("10 with audit", "auditctl is missing (apt-get install auditd)")
    else:
        measure("10 with audit", [])


def measure(row, options):
    forks, seconds = setting("FORKS", 100_000), setting("CHURN_SECONDS", 20)
    with workspace() as directory, Vedette(directory, *options, output=os.devnull) as vedette:
        sampler = Sampler(vedette.pid)
        sampler.start()
        time.sleep(1)
        sampler.phase = "fork storm"
        started = time.monotonic()
        subprocess.run([tester("forkstorm"), str(forks), tester("nothing")], check=True)
        rate = forks / (time.monotonic() - started)
        sampler.phase = "churn"
        command = [tester("churn"), directory, str(seconds)]
        churns = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
        rounds = sum(int(churn.communicate()[0] or 0) for churn in churns)
        sampler.phase = "10 s after"
        time.sleep(setting("REST_SECONDS", 10))
        alive = vedette.process.poll() is None
        sampler.ended.set()
        sampler.join()
        code, summary = vedette.stop()
    most = sampler.at_most
    phases = ", ".join(f"{name} {size}" for name, size in sampler.highest.items())
    verdict(row, f"{forks} forks at {rate:.0f}/s, {rounds} rounds of churn: at most {most['VmRSS']} kB "
            f"resident ({sizes_text(most)}), at the end {sampler.last.get('VmRSS')} kB "
            f"({sizes_text(sampler.last)}); highest by phase: {phases}; bar {LIMIT} kB",
            alive and code == 0 and most["VmRSS"] <= LIMIT)
    for name, size in sampler.largest:
        note(f"{size} kB {name}")
    for line in summary.splitlines():
        note(line)


def sizes_text(sizes):
    return ", ".join(f"{name} {sizes[name]}" for name in FIELDS[1:] if name in sizes)
