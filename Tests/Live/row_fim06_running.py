"""fim row 6, the running sensor: wrong starts, signals, its own files, a full disk, a database that is taken away."""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

from fim import fim
from harness import is_gap, note, tester, verdict, workspace
from row_fim05_killed import database_state, make_files
from row_fim05_running import count_torn, make_places, stop
from sensor import PROGRAM, Sensor

NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def run():
    for part in (refuse_starts, live_a_day, fill_disk, take_database, damage_database):
        with workspace() as directory:
            part(pathlib.Path(directory))


# Starts that cannot be

def refuse_starts(directory):
    root, tree = make_places(directory)
    sensor = Sensor(root, [tree])
    directory.chmod(0o755)
    # Where everybody can start it.
    for name in ("vedette", "vedetted"):
        shutil.copy(pathlib.Path(PROGRAM).parent / name, directory)
    code, said = outcome([*NOBODY, str(directory / "vedette"), "run", "--root", str(root)])
    verdict("fim 6 no root", f"exit code {code}: {said}", code == 1 and "run as root" in said)
    sensor.configuration.write_text(f"fim:\n  watches:\n    - pth: {tree}\n")
    code, said = outcome(sensor.command)
    verdict("fim 6 typo", f"exit code {code}: {said}", code == 2 and f"{sensor.configuration}:3:7" in said)


def outcome(command):
    done = subprocess.run(command, capture_output=True, timeout=60)
    return done.returncode, done.stderr.decode("utf-8", "replace").strip()


# Signals, other users, the sensor's own files

def live_a_day(directory):
    root, tree = make_places(directory)
    other = directory / "other"
    other.mkdir()
    with Sensor(root, [tree]) as sensor:
        sensor.wait_settled()
        code, said = outcome(sensor.command)
        verdict("fim 6 second instance", f"exit code {code}: {said}", code == 1 and f"pid {sensor.pid}" in said)
        change_severity(sensor, tree)
        reload_wrong(sensor, tree)
        move_alerts(sensor, tree)
        add_watch(sensor, tree, other)
        refuse_peer(sensor)
        protect_configuration(sensor)
        sensor.process.send_signal(signal.SIGINT)
        code = sensor.process.wait(30)
        own = [event for event in sensor.changes() if event.get("process", {}).get("pid") == sensor.pid]
        sensor.check_schema()
    verdict("fim 6 Ctrl-C", f"exit code {code}; {len(own)} of its own writes told", code == 0 and not own)
    for event in own[:5]:
        note(f"{event['event']['action']} {event['file']['path']}")


def changed(sensor, path):
    """Changes a file as a shell does. Returns what is told of it."""
    subprocess.run(["/bin/sh", "-c", 'echo x >> "$1"', "sh", str(path)], check=True)
    return sensor.wait_for(lambda event: event.get("file", {}).get("path") == str(path)) or {}


def severity(event):
    return event.get("vedette", {}).get("severity", "not told")


def change_severity(sensor, tree):
    before = severity(changed(sensor, tree / "before"))
    sensor.configure([{"path": str(tree), "severity": "high"}])
    sensor.process.send_signal(signal.SIGHUP)
    holds = sensor.wait_said("the changed configuration holds")
    after = severity(changed(sensor, tree / "after"))
    verdict("fim 6 SIGHUP", f"{before} becomes {after}", holds and (before, after) == ("medium", "high"))


def reload_wrong(sensor, tree):
    right = sensor.configuration.read_text()
    sensor.configuration.write_text("fim:\n  watches:\n    - path: relative\n")
    sensor.process.send_signal(signal.SIGHUP)
    is_said = sensor.wait_said("stays as it was") and f"{sensor.configuration}:3:" in sensor.said
    still = severity(changed(sensor, tree / "still"))
    sensor.configuration.write_text(right)
    verdict("fim 6 SIGHUP wrong", f"line and column are said: {is_said}; still {still}", is_said and still == "high")


def move_alerts(sensor, tree):
    moved = sensor.alerts.with_name("alerts.json.1")
    before = sensor.alerts.read_bytes()
    sensor.alerts.rename(moved)
    sensor.process.send_signal(signal.SIGUSR1)
    anew_by = time.monotonic() + 15
    while not sensor.alerts.exists() and time.monotonic() < anew_by:
        time.sleep(0.05)
    is_told = bool(changed(sensor, tree / "moved"))
    anew = sensor.alerts.exists() and str(tree / "moved").encode() in sensor.alerts.read_bytes()
    verdict("fim 6 SIGUSR1", f"after the alert file was moved a change is in a new one: {anew}; the old one is whole: "
            f"{moved.read_bytes().startswith(before)}",
            is_told and anew and moved.read_bytes().startswith(before))


def add_watch(sensor, tree, other):
    pid = sensor.pid
    sensor.configure([{"path": str(tree), "severity": "high"}, {"path": str(other), "tags": ["new"]}])
    sensor.process.send_signal(signal.SIGHUP)
    again = sensor.wait_said("vedette: watching ", 2)
    event = changed(sensor, other / "here")
    verdict("fim 6 SIGHUP new watch", f"heard as tagged {event.get('tags')}, by {event['vedette']['source']}"
            if event else "not heard",
            again and sensor.pid == pid and event.get("tags") == ["new"] and event["vedette"]["source"] != "scan")


def refuse_peer(sensor):
    place = sensor.root / "run/vedette"
    script = ("import socket, sys\n"
              "peer = socket.socket(socket.AF_UNIX)\n"
              "peer.connect(sys.argv[1])\n"
              "peer.settimeout(5)\n"
              "try: peer.sendall(b'status\\n'); print(peer.recv(4096))\n"
              "except OSError as problem: print(problem)\n")
    command = [*NOBODY, sys.executable, "-c", script, str(place / "control.sock")]
    # The kernel's refusal is heard through audit.
    refused = subprocess.run(command, capture_output=True, text=True)
    event = sensor.wait_for(lambda event: event["event"]["action"] == "control_socket_refused") or {}
    verdict("fim 6 other user, by the kernel", f"{refused.stderr.strip().splitlines()[-1:]}; told: {event.get('message')}",
            "Permission denied" in refused.stderr and event.get("user", {}).get("id") == "65534"
            and event["event"]["severity"] == 99)
    place.chmod(0o755)
    place.parent.chmod(0o755)
    sensor.root.chmod(0o755)
    (place / "control.sock").chmod(0o666)
    answer = subprocess.run(command, capture_output=True, text=True)
    (place / "control.sock").chmod(0o600)
    # It has been told this minute: this one is counted.
    counted = sensor.wait_until(lambda report: report["self_protection"]["refused_peers"] == 2, 5) is not None
    verdict("fim 6 other user", f"is answered {answer.stdout.strip()[:80]} {answer.stderr.strip()[-80:]}; "
            f"counted: {counted}", counted and "coverage" not in answer.stdout)


def protect_configuration(sensor):
    subprocess.run(["/bin/sh", "-c", 'echo "# x" >> "$1"', "sh", str(sensor.configuration)], check=True)
    event = sensor.wait_for(
        lambda event: event.get("file", {}).get("path") == str(sensor.configuration)
        and event.get("process", {}).get("name") == "sh") or {}
    verdict("fim 6 self-protection", f"a write to the configuration is {severity(event)}, tagged {event.get('tags')}",
            severity(event) == "critical" and event.get("tags") == ["self_protection"])


# A full disk

def fill_disk(directory):
    root, tree = make_places(directory)
    ballast = root / "ballast"
    with small_disk(root, 64), Sensor(root, [tree]) as sensor:
        sensor.wait_settled()
        with contextlib.suppress(OSError), ballast.open("wb") as file:
            while True:
                file.write(bytes(1 << 16))
                file.flush()
        churn = [
            subprocess.Popen([tester("churn_tree"), str(tree), "4", "2500", str(seed)], stdout=subprocess.DEVNULL)
            for seed in (1, 2)
        ]
        report = sensor.wait_until(is_in_trouble, 15)
        is_said = sensor.wait_said("ENOSPC", timeout=1)
        for child in churn:
            child.wait()
        torn = count_torn(sensor.lines())
        ballast.unlink()
        settled = sensor.wait_until(lambda report: not is_in_trouble(report), 30) and sensor.wait_settled()
        event = changed(sensor, tree / "after")
        report = sensor.status
        code = sensor.stop()
        judge_full_disk(sensor, tree, bool(settled and event) and is_said and code == 0, torn, report)
        if not settled or code:
            sensor.explain()


def is_in_trouble(report):
    return any(entry["source"] in ("alerts", "baseline") and entry["state"] != "live" for entry in report["coverage"])


def judge_full_disk(sensor, tree, lives, torn, report):
    lines = sensor.lines()
    gaps = [event["vedette"]["gap"] for event in sensor.events() if is_gap(event)]
    told = sum(gap["count"] for gap in gaps if gap["source"] == "alerts")
    lost = report["alerts"]["lost"]
    again = fim(sensor.root, "diff", tree)
    sensor.check_schema()
    verdict(
        "fim 6 disk full",
        f"goes on, and says so: {lives}; {len(lines)} alerts, {lost} lost, {told} of them told; torn lines: {torn} while "
        f"it was full, {count_torn(lines)} afterwards; database {database_state(sensor.root)}; a fresh comparison finds "
        f"{len(again.events)} differences",
        lives and lost == told and torn == count_torn(lines) == 0 and database_state(sensor.root) == "ok"
        and again.code == 0)


@contextlib.contextmanager
def small_disk(place, megabytes):
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


# The database

def take_database(directory):
    root, tree = make_places(directory)
    make_files(tree / "files", 500)
    with Sensor(root, [tree]) as sensor:
        sensor.wait_settled()
        for path in sensor.database.parent.glob("baseline.db*"):
            path.unlink()
        between = changed(sensor, tree / "files/d000/f00001")
        states = [wait_baseline(sensor, "degraded"), wait_baseline(sensor, "live")]
        is_back = sensor.database.exists()
        settled = sensor.wait_settled()
        after = changed(sensor, tree / "files/d000/f00002")
        sensor.stop()
        firsts = sum(event["vedette"]["scan"]["first"] for event in scans(sensor, tree))
    again = fim(root, "diff", tree)
    verdict(
        "fim 6 database deleted",
        f"{states[0]}; then {states[1]}, with what was before: {has_before(between) and has_before(after)}, taken "
        f"{firsts} times in all; database {database_state(root)}; a fresh comparison finds {len(again.events)} "
        f"differences",
        all(states) and is_back and settled is not None and has_before(between) and has_before(after) and firsts == 1
        and database_state(root) == "ok" and again.code == 0)


def damage_database(directory):
    root, tree = make_places(directory)
    make_files(tree / "files", 20_000)
    with Sensor(root, [tree], "  scan: {interval: 5s}\n") as sensor:
        sensor.wait_settled()
        damage(sensor.database)
        states = [wait_baseline(sensor, "degraded"), wait_baseline(sensor, "live")]
        judge_damage("running", sensor, tree, states)
    damage(sensor.database)
    with sensor:
        judge_damage("stopped", sensor, tree, ["found at the start", "live"])
    sensor.database.write_bytes(b"nonsense" * 4_096)
    with sensor:
        judge_damage("nonsense", sensor, tree, ["found at the start", "live"])


def judge_damage(name, sensor, tree, states):
    settled = sensor.wait_settled()
    path = tree / f"files/{name}"
    event = changed(sensor, path)
    code = sensor.stop()
    kept = list(sensor.database.parent.glob("baseline.db.damaged-*[0-9]"))
    told = [event for event in sensor.changes() if event["file"]["path"].startswith(f"{tree}/files/d")]
    again = fim(sensor.root, "diff", tree)
    verdict(
        f"fim 6 database damaged, {name}",
        f"{states[0]}; then {states[1]}; {len(kept)} kept as evidence; a change is told: {bool(event)}; {len(told)} told "
        f"that were none; database {database_state(sensor.root)}; a fresh comparison finds {len(again.events)} "
        f"differences",
        all(states) and settled is not None and bool(event) and code == 0 and len(kept) > 0 and not told
        and database_state(sensor.root) == "ok" and again.code == 0)
    for path in kept:
        path.unlink()
    if not settled or code:
        sensor.explain()


def damage(database):
    """Overwrites all but the first page, also of what has not yet been brought over from the journal."""
    for path in (database, database.with_name(database.name + "-wal")):
        if path.exists():
            with path.open("r+b") as file:
                size = os.fstat(file.fileno()).st_size
                file.seek(8_192)
                file.write(b"\xff" * max(size - 8_192, 0))


def wait_baseline(sensor, state):
    """What is said of the baseline when it becomes so."""
    event = sensor.wait_for(
        lambda event: event["event"]["action"] == "coverage" and event["vedette"]["coverage"]["source"] == "baseline"
        and event["vedette"]["coverage"]["state"] == state, 30)
    return event and event["message"]


def has_before(event):
    return "before" in event.get("vedette", {})


def scans(sensor, tree):
    return [
        event for event in sensor.events()
        if event["event"]["action"] == "scan" and event["file"]["path"] == str(tree)
    ]
