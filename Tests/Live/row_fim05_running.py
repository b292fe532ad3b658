"""fim row 5, the running sensor: kill -9 in the middle of churn, of the first scan and of rotations, and restarts.

What is in the database has been told: that is what an alert is acknowledged by.
"""

import collections
import json
import os
import pathlib
import random
import sqlite3
import subprocess
import time

from fim import fim, seconds
from harness import note, setting, tester, tries, verdict, workspace
from row_fim05_killed import database_state, is_as_on_disk, make_files
from sensor import Sensor

KILLS = setting("FIM_KILLS", 50)
SCANNED = 20_000
"""Files of the first scan, and how many of them it looks at in a second."""
SCAN_RATE = 10_000
PREFILLED = 700
"""Rotated files that are there beforehand: moving them all makes rotations long enough to be hit."""
KILLED = -9


def run():
    with workspace() as directory:
        kill_in_churn(pathlib.Path(directory))
    with workspace() as directory:
        kill_in_first_scan(pathlib.Path(directory))
    with workspace() as directory:
        kill_in_rotations(pathlib.Path(directory))


# Churn

def kill_in_churn(directory):
    root, tree = make_places(directory)
    offline = Offline(tree / "offline", KILLS)
    sensor = Sensor(root, [tree])
    with sensor:
        ready = sensor.wait_settled()
    kept, lost, running = set(), 0, 0
    for number in range(KILLS):
        spawn_ready(sensor)
        churn = churn_tree(tree)
        time.sleep(random.uniform(0.05, 1))
        running += sensor.kill() == KILLED
        stop(churn)
        lost += len(kept - set(sensor.lines()))
        kept = whole(sensor.lines())
        offline.change(number)
    with sensor:
        settled = sensor.wait_settled()
        code = sensor.stop()
    lost += len(kept - set(sensor.lines()))
    torn = count_torn(sensor.lines())
    again = fim(root, "diff", tree)
    verdict(
        "fim 5 churn killed",
        f"{running} kills of {KILLS}; {len(sensor.lines())} alerts, {lost} lost, {torn} torn; database "
        f"{database_state(root)}; a fresh comparison finds {len(again.events)} differences",
        bool(ready and settled) and code == 0 and running == KILLS and lost == torn == 0
        and database_state(root) == "ok" and again.code == 0 and not again.events)
    offline.judge(sensor.changes())
    sensor.check_schema()
    if not settled or code:
        sensor.explain()


def churn_tree(tree):
    """Two programs that change what is below `tree` until they are stopped."""
    return [
        subprocess.Popen([tester("churn_tree"), str(tree), "60", "1500", str(seed)], stdout=subprocess.DEVNULL)
        for seed in (random.randrange(1_000), random.randrange(1_000, 2_000))
    ]


def stop(children):
    for child in children:
        child.kill()
        child.wait()


class Offline:
    """Changes that are made while no sensor runs: each time a few, of files that nobody else touches."""

    KINDS = {"new": "created", "text": "modified", "mode": "attributes", "gone": "deleted"}

    def __init__(self, place, count):
        self.place = place
        self.times = {}
        place.mkdir()
        for number in range(count):
            for kind in ("text", "mode", "gone"):
                self.path(kind, number).write_text("as it was\n")

    def path(self, kind, number):
        return self.place / f"{kind}{number}"

    def change(self, number):
        begin = time.time()
        self.path("new", number).write_text("new\n")
        self.path("text", number).write_text("as it is now\n")
        self.path("mode", number).chmod(0o600)
        self.path("gone", number).unlink()
        for kind in self.KINDS:
            self.times[str(self.path(kind, number))] = (self.KINDS[kind], begin, time.time())

    def judge(self, changes):
        told = {}
        for change in changes:
            if change["file"]["path"] in self.times:
                told.setdefault(change["file"]["path"], []).append(change)
        wrong = [
            (path, time, told.get(path, [])) for path, time in self.times.items()
            if not any(is_found(change, *time) for change in told.get(path, []))
        ]
        strange = [
            change for changes in told.values() for change in changes if change["vedette"].get("detected_by") != "scan"]
        more = sum(len(changes) - 1 for changes in told.values())
        verdict(
            "fim 5 offline", f"{len(self.times) - len(wrong)} of {len(self.times)} changes made while it was down are "
            f"found by scan, in an interval that holds them; {more} told again, {len(strange)} told by events",
            not wrong and not strange)
        for path, (kind, begin, end), changes in wrong[:5]:
            note(f"{kind} {path} at {begin:.3f}: " + (" ".join(map(describe, changes)) or "not told"))


def is_found(change, kind, begin, end):
    vedette = change["vedette"]
    return (change["event"]["action"] == kind and vedette.get("detected_by") == "scan" and "process" not in change
            and seconds(vedette["interval"]["from"]) <= begin and end <= seconds(vedette["interval"]["to"]))


def describe(change):
    interval = change["vedette"].get("interval", {})
    return (f"{change['event']['action']} by {change['vedette']['source']} in "
            + " to ".join(f"{seconds(interval[end]):.3f}" for end in ("from", "to") if end in interval))


# The first scan

def kill_in_first_scan(directory):
    root, tree = make_places(directory)
    count = make_files(tree / "files", SCANNED) + 1
    sensor = Sensor(root, [tree], f"  scan: {{rate: {SCAN_RATE}}}\n")
    within = kills = 0
    stages = set()
    for number in tries(KILLS, lambda: len(stages) > 1):
        kills += 1
        sensor.spawn()
        # From the start of the program to more than half of the scan, early before late: each begins anew with what is
        # known, and comes no further than the one before in the same time.
        time.sleep(0.02 + (number % 4 + random.random()) / 4 * 0.65 * SCANNED / SCAN_RATE)
        if sensor.kill() == KILLED and not is_taken(root, tree):
            within += 1
            stages.add(known_files(root))
    with sensor:
        settled = sensor.wait_settled()
        code = sensor.stop()
    known = [record for record in fim(root, "list", tree).events if record["path"].startswith(str(tree))]
    right = sum(is_as_on_disk(record) for record in known)
    told = sensor.changes()
    torn = count_torn(sensor.lines())
    verdict(
        "fim 5 first scan killed",
        f"{within} kills of {kills} within it, at {len(stages)} stages; database {database_state(root)}; {len(known)} of "
        f"{count} files known, {right} as they are; {len(told)} changes told, {torn} torn lines",
        settled is not None and code == 0 and within > kills // 2 and len(stages) > 1 and database_state(root) == "ok"
        and len(known) == right == count and not told and torn == 0)
    for change in told[:5]:
        note(f"{change['event']['action']} {change['file']['path']}")
    if not settled or code:
        sensor.explain()


def is_taken(root, tree):
    return ask(root, "SELECT count(*) FROM root WHERE path = ?", os.fsencode(tree)) not in (0, None)


def known_files(root):
    return ask(root, "SELECT sum(count) FROM run")


def ask(root, question, *values):
    """The answer of the database; None when it has no tables yet."""
    try:
        with sqlite3.connect(root / "var/lib/vedette/baseline.db") as connection:
            return connection.execute(question, values).fetchone()[0]
    except sqlite3.OperationalError:
        return None


# Rotations

def kill_in_rotations(directory):
    root, tree = make_places(directory)
    sensor = Sensor(root, [tree], "  settle_ms: 0\nalerts: {rotate: 64KB, keep: 1000}\n")
    with sensor:
        ready = sensor.wait_settled()
    names, lost, inside, rotations = Names(tree), 0, 0, 0
    written = collections.Counter()
    kills = 0
    for number in tries(KILLS, lambda: inside > 0):
        kills += 1
        if number % 10 == 0:
            # Then anew: with thousands of files rotations would hold up everything.
            written.update(take_away(sensor))
            prefill(sensor.alerts)
        kept = whole(sensor.lines())
        spawn_ready(sensor)
        if number % 2:
            names.make(random.uniform(0.2, 0.6))
        else:
            names.make_until_rotation(sensor.alerts)
        sensor.kill()
        inside += is_interrupted(sensor.alerts)
        lost += len(kept - set(sensor.lines()))
        rotations = max(rotations, len(numbers(sensor.alerts)))
    kept = whole(sensor.lines())
    with sensor:
        settled = sensor.wait_settled()
        code = sensor.stop()
    lost += len(kept - set(sensor.lines()))
    written.update(take_away(sensor))
    judge_rotations(root, tree, written, names, lost, kills, inside, rotations)
    verdict("fim 5 rotation killed", f"ends well, exit code {code}", bool(ready and settled) and code == 0)
    if not settled or code:
        sensor.explain()


def judge_rotations(root, tree, written, names, lost, kills, inside, most):
    torn = count_torn(written)
    twice = sum(count - 1 for count in written.values())
    events = [json.loads(line) for line in written if b'"vedette.file"' in line]
    told = {event["file"]["path"] for event in events}
    known = {record["path"] for record in fim(root, "list", tree).events} - {str(tree)}
    again = fim(root, "diff", tree)
    verdict(
        "fim 5 rotation killed",
        f"{kills} kills, {inside} of them inside a rotation, up to {most} files; {len(written)} alerts, {lost} lost, "
        f"{twice} twice, {torn} torn; {names.count} files made, {len(known - told)} of {len(known)} in the baseline not "
        f"told; a fresh comparison finds {len(again.events)} differences",
        lost == twice == torn == 0 and inside > 0 and most < 1_000 and names.count == len(known) and not known - told
        and again.code == 0)
    for path in sorted(known - told)[:5]:
        note(path)


class Names:
    """Files that are made, each under a name of its own."""

    def __init__(self, tree):
        self.tree = tree
        self.count = 0

    def make(self, time_span, rate=2_000):
        begin = time.monotonic()
        while time.monotonic() - begin < time_span:
            for _ in range(20):
                (self.tree / f"name{self.count}").touch()
                self.count += 1
            time.sleep(20 / rate)

    def make_until_rotation(self, alerts, limit=2.0):
        """A rotation takes the next number first."""
        next_one, begin = pathlib.Path(f"{alerts}.{len(numbers(alerts)) + 1}"), time.monotonic()
        while not next_one.exists() and time.monotonic() - begin < limit:
            (self.tree / f"name{self.count}").touch()
            self.count += 1
            time.sleep(0.0005)


def prefill(alerts):
    for number in range(1, PREFILLED + 1):
        pathlib.Path(f"{alerts}.{number}").write_text(json.dumps({"prefilled": number}) + "\n")


def take_away(sensor):
    """The lines of all alert files, which are removed."""
    lines = [line for line in sensor.lines() if not line.startswith(b'{"prefilled"')]
    for path in sensor.alerts.parent.glob("alerts.json*"):
        path.unlink()
    return lines


def numbers(alerts):
    return [int(path.suffix[1:]) for path in alerts.parent.glob("alerts.json.*")]


def is_interrupted(alerts):
    """Whether a rotation has been left half done: a number is unused, or nothing is at the path."""
    return not alerts.exists() or len(numbers(alerts)) != max(numbers(alerts), default=0)


# All of them

def make_places(directory):
    root, tree = directory / "root", directory / "tree"
    root.mkdir()
    tree.mkdir()
    return root, tree


def spawn_ready(sensor):
    sensor.spawn()
    if not sensor.wait_until(bool, sensor.READY_WITHIN):
        raise RuntimeError(f"not ready\n{sensor.said}")


def whole(lines):
    return {line for line in lines if line.endswith(b"\n")}


def count_torn(lines):
    """Lines that are not whole."""
    torn = 0
    for line in lines:
        try:
            json.loads(line)
        except ValueError:
            torn += 1
    return torn + sum(not line.endswith(b"\n") for line in lines)
