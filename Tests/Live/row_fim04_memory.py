"""Row fim 4: how much memory `vedette run` has resident with a large baseline, in long churn, and after it."""

import pathlib
import subprocess
import time

from harness import note, setting, tester, verdict, workspace
from row10_memory import LIMIT, Sampler, resident, sizes_text
from sensor import Sensor

STEP = 10
"""Seconds that the churn runs at a time."""

def run():
    measure("fim 4", setting("FILES", 200_000), setting("EVENTS", 10_000_000), LIMIT)
    if setting("MILLION", 0):
        measure("fim 4 a million files", 1_000_000, 0)


def measure(row, files, events, limit=None):
    """`limit` in kilobytes; without one the sizes are only stated."""
    with workspace() as root, workspace() as place:
        tree = pathlib.Path(place) / "tree"
        make_files(tree, files)
        churned = tree / "churn"
        churned.mkdir()
        with Sensor(root, [tree]) as sensor:
            sampler = Samples(sensor.pid)
            sampler.start()
            sampler.phase = "first scan"
            scanned = sensor.wait_settled(setting("SCAN_SECONDS", 900))
            rest(sampler, "at rest")
            churn = Churn(sensor, churned, sampler)
            churn.run(events)
            rest(sampler, "20 s after")
            report = sensor.status or {}
            sampler.ended.set()
            sampler.join()
            code = sensor.stop()
            sensor.check_schema()
            if scanned is None or code:
                sensor.explain()
    state(row, sampler, churn, files, limit, scanned is not None and code == 0, report)


def state(row, sampler, churn, files, limit, has_worked, report):
    most = sampler.at_most
    first, second = sampler.halves("churn")
    before, after = sampler.latest.get("at rest", 0), sampler.latest.get("20 s after", 0)
    is_flat = second <= first * 1.05 and after <= first
    phases = ", ".join(f"{name} {size}" for name, size in sampler.highest.items())
    bar = f"bar {limit} kB and flat" if limit else "no bar"
    verdict(
        row, f"{files} files, {churn.events} events of fanotify in {churn.seconds:.0f} s of churn: at most "
        f"{most['VmRSS']} kB resident ({sizes_text(most)}); halves of the churn {first} and {second}; before it "
        f"{before}, 20 s after it {after}; highest by phase: {phases}; {bar}",
        has_worked and (not limit or (most["VmRSS"] <= limit and is_flat)))
    for name, size in sampler.largest:
        note(f"{size} kB {name}")
    for source in report.get("sources", []):
        note(f"{source}")


def make_files(tree, count, each=1_000):
    """`count` files of a few bytes, `each` in a directory."""
    for begin in range(0, count, each):
        directory = tree / f"d{begin // each:04}"
        directory.mkdir(parents=True)
        for number in range(begin, min(begin + each, count)):
            (directory / f"file-{number:07}").write_text(f"{number}\n")
    tree.mkdir(exist_ok=True)


def rest(sampler, phase):
    sampler.phase = phase
    time.sleep(setting("REST_SECONDS", 20))
    sampler.latest[phase] = resident(sampler.pid).get("VmRSS", 0)


class Samples(Sampler):
    """Keeps every sample, to compare what was early with what was late."""

    def __init__(self, pid):
        super().__init__(pid)
        self.all = []
        self.latest = {}

    def note(self, sizes):
        self.all.append((self.phase, sizes["VmRSS"]))

    def halves(self, phase):
        """The highest of the first half of `phase`, and of the second."""
        sizes = [size for name, size in self.all if name == phase]
        middle = len(sizes) // 2
        return max(sizes[:middle], default=0), max(sizes[middle:], default=0)


class Churn:
    """Two churns in `directory` until the sensor has read so many events more."""

    def __init__(self, sensor, directory, sampler):
        self.sensor, self.directory, self.sampler = sensor, directory, sampler
        self.events = 0
        self.seconds = 0.0

    def run(self, events):
        begin, started = self.heard, time.monotonic()
        self.sampler.phase = "churn"
        while self.events < events and self.sensor.process.poll() is None:
            command = [tester("churn"), str(self.directory), str(STEP)]
            for churn in [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(2)]:
                churn.wait()
            self.events = self.heard - begin
        self.seconds = time.monotonic() - started

    @property
    def heard(self):
        """Events that fanotify has told of; as of the last report that was answered."""
        report = self.sensor.status
        sources = report["sources"] if report else []
        return next((one["events"] for one in sources if one["name"] == "fanotify"), self.events)
