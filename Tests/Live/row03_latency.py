"""Row 3: from close(2) of a changed file to its line on standard output, at 100 changes a second."""

import collections
import fcntl
import json
import os
import pathlib
import subprocess

from harness import Vedette, check_schema, file_path, note, percentile, setting, tester, verdict, workspace

FILES, RATE = 300, 100

BARS = {"without audit": {0.50: 10.0, 0.99: 60.0}, "with audit": {0.99: 150.0}}
"""Milliseconds, by share."""


def run():
    measure("without audit", "--no-audit")
    measure("with audit")


def measure(name, *options):
    with workspace() as directory, workspace() as aside:
        for number in range(FILES):
            pathlib.Path(directory, f"tick-{number}").write_text("before\n")
        changes, stamps = os.path.join(aside, "changes"), os.path.join(aside, "stamps")
        fifo = os.path.join(aside, "fifo")
        os.mkfifo(fifo)
        reading_end = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        fcntl.fcntl(reading_end, fcntl.F_SETFL, 0)
        with Vedette(directory, *options, output=fifo) as vedette:
            stamper = subprocess.Popen([tester("linestamp"), stamps], stdin=reading_end)
            os.close(reading_end)
            count = str(setting("CHANGES", 3000))
            subprocess.run([tester("ticker"), directory, str(FILES), str(RATE), count, changes], check=True)
            coverage = vedette.coverage
            # What still waits comes out at the end, late: its latency tells.
            vedette.stop()
        stamper.wait(20)
        check_schema([line.partition(b"\t")[2] + b"\n" for line in pathlib.Path(stamps).read_bytes().splitlines()])
        values, unpaired = latencies(directory, changes, arrivals(stamps))
    report(name, values, unpaired, coverage)


def arrivals(stamps):
    """When the lines about modifications arrived, by path, in order (CLOCK_MONOTONIC nanoseconds)."""
    found = collections.defaultdict(list)
    for line in pathlib.Path(stamps).read_bytes().splitlines():
        stamp, _, text = line.partition(b"\t")
        event = json.loads(text)
        if event.get("event", {}).get("action") == "modified":
            found[file_path(event)].append(int(stamp))
    return found


def latencies(directory, changes, found):
    """Milliseconds from close to line, and how many changes have no line, or lines no change."""
    ends = collections.defaultdict(list)
    for line in pathlib.Path(changes).read_text().splitlines():
        number, _, end = line.split()
        ends[os.path.join(directory, f"tick-{number}")].append(int(end))
    values, unpaired = [], 0
    for path, closed in ends.items():
        if len(found[path]) == len(closed):
            values += [(arrived - end) / 1e6 for arrived, end in zip(found[path], closed)]
        else:
            unpaired += abs(len(closed) - len(found[path]))
    return values, unpaired


def report(name, values, unpaired, coverage):
    if not values:
        verdict(f"3 {name}", f"no change had its line, {unpaired} unpaired", False)
        return
    ok = not unpaired and all(percentile(values, share) <= bar for share, bar in BARS[name].items())
    figures = ", ".join(f"p{share * 100:g} {percentile(values, share):.2f} ms" for share in (0.5, 0.9, 0.99))
    bars = ", ".join(f"p{share * 100:g} {bar:g} ms" for share, bar in BARS[name].items())
    verdict(f"3 {name}", f"{len(values)} changes: {figures}, at most {max(values):.2f} ms, "
                         f"{unpaired} unpaired; bar {bars}", ok)
    for line in coverage.splitlines() if not ok else []:
        note(line)
