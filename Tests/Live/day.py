"""A working day, packed into an hour (DAY_SECONDS): the built-in watches and a home directory, and all that goes on.

With DAY_PACE=4 the pauses between two actions are a fourth as long.
Run by name only: `make day`. Whatever is told with high severity must be one of the few things that were done for it.
"""

import collections
import json
import os
import pathlib
import subprocess
import threading
import time

import day_actions
from harness import is_gap, note, skip, verdict, workspace
from row10_memory import resident
from row_fim01_churn import CAUSES
from sensor import PROGRAM, Sensor

SECONDS = int(os.environ.get("DAY_SECONDS", 3_600))
SEED = int(os.environ.get("DAY_SEED", 1))
PACE = float(os.environ.get("DAY_PACE", 1))

SAMPLE_EVERY = 5.0

ALARMING = ("high", "critical")

GROWTH = 1.05
"""The last quarter's memory against the second's."""

MOST = 20 * 1024
"""Kilobytes."""


def run():
    with workspace() as root, workspace() as place, day_actions.Day(pathlib.Path(place), SEED) as day:
        with Sensor(root, watches(day), "  scan:\n    interval: 10m\n") as sensor:
            day.sensor = sensor
            before = sensor.wait_settled(600)
            if before is None:
                sensor.explain()
                return verdict("day", "the baseline is ready", False)
            sampler = Sampler(sensor.pid)
            sampler.start()
            done, failed = work(day)
            sampler.stop()
            # While it writes, nothing is settled.
            day_actions.stop_log_writer(day)
            settled = sensor.wait_settled(300)
            report = settled or sensor.status or {}
            code = sensor.stop()
            sensor.check_schema(most=1_000)
            events = sensor.events()
            if settled is None or code:
                sensor.explain()
    tell_actions(done, failed)
    tell_alerts(day, events)
    tell_memory(sampler)
    tell_cost(sampler, before, report)
    tell_coverage(events, report)
    verdict("day end", f"settled at the end: {settled is not None}, exit code {code}", settled is not None and code == 0)


def watches(day):
    """Those of the built-in configuration, and the home directory."""
    shown = subprocess.run(
        [PROGRAM, "config", "show", "--json", "--root", str(day.scratch)], capture_output=True, check=True)
    builtin = json.loads(shown.stdout)["fim"]["watches"]
    kept = [{name: watch[name] for name in ("path", "severity", "diff")} for watch in builtin]
    return [watch for watch in kept if os.path.isdir(watch["path"])] + [{"path": str(day.home), "diff": True}]


# The schedule -------------------------------------------------------------------------------------------------


def work(day):
    """Does things at random until the day is over. Returns how often each was done, and what failed."""
    start = time.monotonic()
    plan = schedule(day)
    done, failed = collections.Counter(), []
    for at, action in plan:
        time.sleep(max(0.0, start + at - time.monotonic()))
        if time.monotonic() - start > SECONDS or day.sensor.process.poll() is not None:
            break
        perform(day, action, done, failed)
    while time.monotonic() - start < SECONDS and day.sensor.process.poll() is None:
        time.sleep(1)
    return done, failed


def perform(day, action, done, failed):
    name = action.__name__
    try:
        action(day)
        done[name] += 1
    except day_actions.Impossible as reason:
        if not done[name]:
            failed.append((name, f"skipped: {reason}"))
    except (RuntimeError, OSError, subprocess.SubprocessError) as problem:
        failed.append((name, str(problem)))


def schedule(day):
    """Pairs of seconds and actions: bursts and idle times, every action at least once, the deliberate ones twice."""
    random = day.random
    actions, weights = zip(*day_actions.ORDINARY)
    plan, at = [(5.0, action) for action in actions], 5.0
    while at < SECONDS:
        # One pause of seven is long.
        at += (random.uniform(0.5, 6) if random.random() < 6 / 7 else random.uniform(20, 60)) / PACE
        plan.append((at, random.choices(actions, weights)[0]))
    for action in day_actions.DELIBERATE:
        plan += [(SECONDS * random.uniform(*part), action) for part in ((0.2, 0.45), (0.55, 0.8))]
    return sorted(plan, key=lambda entry: entry[0])


class Sampler(threading.Thread):
    """Reads the resident size and the processor time of a process."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid = pid
        #: Kilobytes.
        self.sizes = []
        self.anonymous = []
        self.processor = []
        self.ended = threading.Event()
        self.began = time.monotonic()

    def run(self):
        while True:
            size = resident(self.pid)
            if not size:
                return
            self.sizes.append(size["VmRSS"])
            self.anonymous.append(size["RssAnon"])
            self.processor.append(processor_seconds(self.pid))
            if self.ended.wait(SAMPLE_EVERY):
                return

    def stop(self):
        self.ended.set()
        self.join()


def processor_seconds(pid):
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# What came of it ----------------------------------------------------------------------------------------------


def tell_actions(done, failed):
    total = sum(done.values())
    missing = [action.__name__ for action, _ in day_actions.ORDINARY if not done[action.__name__]]
    for name, reason in failed[:20]:
        note(f"{name}: {reason}")
    for name in missing:
        reasons = [reason for other, reason in failed if other == name and reason.startswith("skipped")]
        if reasons:
            skip(f"day {name}", reasons[0])
    broken = [name for name, reason in failed if not reason.startswith("skipped")]
    verdict("day actions", f"{total} actions in {SECONDS} s, seed {SEED}: "
            + ", ".join(f"{count} {name}" for name, count in sorted(done.items())) + f"; {len(broken)} failed",
            len(broken) <= total // 20)


def severity(event):
    return event["vedette"].get("severity")


def tell_alerts(day, events):
    changes = [event for event in events if event["event"]["dataset"] == "vedette.file"]
    counts = collections.Counter(
        (severity(event), event["vedette"].get("package", {}).get("verdict", "no package")) for event in changes)
    for (level, judgement), count in sorted(counts.items(), key=str):
        note(f"{count} alerts: {level}, {judgement}")
    alarms = [event for event in events if severity(event) in ALARMING]
    declared = {one.path for one in day.declared}
    false = [event for event in alarms if event.get("file", {}).get("path") not in declared]
    told = {event["file"]["path"] for event in alarms if "file" in event}
    silent = [one for one in day.declared if one.path not in told]
    verdict("day alerts", f"{len(events)} lines, {len(changes)} changes; {len(alarms)} of high severity or above, of "
            f"{len(day.declared)} declared things {len(silent)} not told; {len(false)} false alerts",
            not false and not silent)
    for event in false[:40]:
        note(f"false: {brief(event)}")
    for one in silent:
        note(f"not told: {one.path}: {one.why}")


def brief(event):
    package = event["vedette"].get("package", {})
    return (f"{event['@timestamp'][11:23]} {event['message']} {severity(event)} {package.get('verdict', '')} "
            f"{package.get('reason', '')} from {event['vedette'].get('source')} "
            f"{event.get('process', {}).get('command_line', '')[:80]}")


def tell_memory(sampler):
    sizes = sampler.sizes
    quarter = len(sizes) // 4
    if not quarter:
        return skip("day memory", "too short a day")
    second, last = mean(sizes[quarter:2 * quarter]), mean(sizes[-quarter:])
    verdict("day memory", f"second quarter {second} kB, last quarter {last} kB resident on average "
            f"({(last / second - 1) * 100:+.1f} %), at most {max(sizes)} kB in {len(sizes)} samples",
            last <= second * GROWTH and max(sizes) <= MOST)
    note("kB resident, and without files, by twelfths: " + ", ".join(
        f"{mean(sizes)}/{mean(anonymous)}" for sizes, anonymous in zip(slices(sampler.sizes), slices(sampler.anonymous))))


def slices(values, count=12):
    return [part for n in range(count) if (part := values[n * len(values) // count:(n + 1) * len(values) // count])]


def mean(values):
    return round(sum(values) / len(values))


def tell_cost(sampler, before, report):
    used = sampler.processor[-1] - sampler.processor[0] if sampler.processor else 0.0
    verdict("day processor time", f"{used:.1f} s in {SECONDS} s ({100 * used / SECONDS:.2f} % of one processor), "
            f"with {sampler.processor[0]:.1f} s before for the first scan of "
            f"{before['baseline'].get('files', '?')} files", bool(report))


def tell_coverage(events, report):
    gaps = [event for event in events if is_gap(event)]
    losses = [event for event in events if event["event"]["dataset"] == "vedette.coverage"
              and event["vedette"]["coverage"]["state"] != "live" and "previous" in event["vedette"]["coverage"]]
    canaries = [event for event in losses if "canary" in event["vedette"]["coverage"].get("reason", "")]
    causes = collections.Counter(event["vedette"]["gap"]["cause"] for event in gaps)
    lost = [cause for cause in causes if cause in CAUSES]
    told = ", ".join(f"{count} {cause}" for cause, count in causes.items()) or "none"
    verdict("day coverage", f"gaps: {told}; {len(lost)} causes of lost changes, {len(canaries)} canaries failed, "
            f"{len(losses)} losses of coverage", not lost and not canaries)
    for event in losses[:10]:
        note(f"coverage: {event['message']}")
