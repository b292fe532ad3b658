"""Row fim 2: processor time a change with baseline, digest and alert, beside the live pipeline alone, in turns."""

import pathlib
import statistics
import subprocess
import time

from harness import Vedette, note, setting, tester, verdict, workspace
from row04_05_cost import processor_seconds, wait_until_idle
from sensor import Sensor

RATE, BAR = 1_000, 2.0


def run():
    seconds, rounds = setting("COST_SECONDS", 15), setting("COST_ROUNDS", 3)
    alone, whole = [], []
    for number in range(rounds):
        alone.append(pipeline_alone(seconds))
        whole.append(with_baseline(seconds))
        note(f"round {number + 1}: {alone[-1]:.1f} us a change alone, {whole[-1]:.1f} us with everything")
    ratio = statistics.median(both / one for one, both in zip(alone, whole))
    verdict(
        "fim 2", f"{RATE} changes a second for {seconds} s: {statistics.median(alone):.1f} us of processor time a change "
        f"by the live pipeline alone, {statistics.median(whole):.1f} us with baseline, SHA-256 and durable alert: "
        f"{ratio:.2f} times (median of {rounds}); bar {BAR}", ratio <= BAR)


def work(directory, seconds):
    subprocess.run(
        [tester("filemix"), "modify", str(directory), str(RATE * seconds), str(RATE)], check=True)


def pipeline_alone(seconds):
    with workspace() as directory:
        work(directory, 1)
        output = pathlib.Path(directory).with_suffix(".lines")
        try:
            with Vedette(directory, "--canary", "0", output=str(output)) as vedette:
                time.sleep(1)
                start = processor_seconds(vedette.pid)
                work(directory, seconds)
                wait_until_idle(vedette.pid)
                used = processor_seconds(vedette.pid) - start
                vedette.stop()
            told = sum(1 for line in output.open("rb") if b'"vedette.file"' in line)
        finally:
            output.unlink(missing_ok=True)
    return used / told * 1e6


def with_baseline(seconds):
    with workspace() as root, workspace() as directory:
        work(directory, 1)
        with Sensor(root, [directory], "  canaries: false\n") as sensor:
            sensor.wait_settled()
            before = len(sensor.changes())
            start = processor_seconds(sensor.pid)
            work(directory, seconds)
            wait_until_idle(sensor.pid)
            used = processor_seconds(sensor.pid) - start
            sensor.stop()
            changes = sensor.changes()[before:]
            assert all(change["file"].get("hash") for change in changes), "a change without a digest"
    return used / len(changes) * 1e6
