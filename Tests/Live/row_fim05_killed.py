"""fim row 5, `vedette fim scan`: scans that are killed at any moment leave a sound baseline.

A first scan is killed again and again; what is complete at last is compared with the disk, file by file.
"""

import json
import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import time

from harness import setting, tries, verdict, workspace
from fim import fim, fim_command


def run():
    kills = setting("FIM_KILLS", 50)
    with workspace() as directory:
        root, tree = pathlib.Path(directory, "root"), pathlib.Path(directory, "files")
        count = make_files(tree, 8_000)
        killed = kill_first_scans(root, tree, kills)
        result = fim(root, "scan", tree)
        verdict("fim 5 first scan", f"{killed} kills in {kills} tries; the last scan says: {result.errors.strip()}",
                result.code == 0 and not result.events and killed >= kills // 2)
        state = database_state(root)
        known = fim(root, "list", tree).events
        right = sum(is_as_on_disk(record) for record in known)
        verdict("fim 5 first scan", f"database {state}; {len(known)} of {count} files known, {right} as they are",
                state == "ok" and len(known) == right == count)
        changed, killed = kill_later_scans(root, tree, kills)
        found = {event["file"]["path"] for event in changed}
        rest = fim(root, "scan", tree).events
        found |= {event["file"]["path"] for event in rest}
        expected = {str(path) for path in tree.rglob("f*7")}
        verdict("fim 5 later scan", f"{killed} kills; {len(found & expected)} of {len(expected)} offline changes told, "
                f"{len(found - expected)} others; database {database_state(root)}",
                found == expected and database_state(root) == "ok" and killed > 0)


def make_files(tree, count):
    """`count` files in directories of a hundred; returns how many entries there are, the root included."""
    made = 1
    for number in range(count):
        folder = tree / f"d{number // 100:03}"
        if number % 100 == 0:
            folder.mkdir(parents=True)
            made += 1
        (folder / f"f{number:05}").write_bytes(b"%d\n" % number * (number % 50 + 1))
        made += 1
    return made


def kill_after(command, seconds):
    """Whether the command still ran when it was killed, and what it had printed."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    output = process.stdout.read()
    return process.wait() == -signal.SIGKILL, output


def kill_first_scans(root, tree, kills):
    # Held to a rate: a kill must find it at work.
    command = fim_command(root, "scan", "--rate", "20000", tree)
    killed = 0
    for _ in range(kills):
        # From the start of the program to half of the scan.
        was_running, _ = kill_after(command, random.uniform(0.005, 0.2))
        killed += was_running
    return killed


def kill_later_scans(root, tree, kills):
    for path in tree.rglob("f*7"):
        os.chmod(path, 0o600)
    events, killed = [], 0
    for _ in tries(max(kills // 5, 1), lambda: killed > 0):
        was_running, output = kill_after(fim_command(root, "scan", "--rate", "20000", tree), random.uniform(0.01, 0.2))
        killed += was_running
        events += whole_lines(output)
    return events, killed


def whole_lines(output):
    return [json.loads(line) for line in output.splitlines(keepends=True) if line.endswith(b"\n")]


def database_state(root):
    with sqlite3.connect(root / "var/lib/vedette/baseline.db") as connection:
        return connection.execute("PRAGMA integrity_check").fetchone()[0]


def is_as_on_disk(record):
    status = os.lstat(record["path"])
    return (record["inode"], record["size"], int(record["mode"], 8)) == (
        str(status.st_ino), status.st_size, status.st_mode & 0o7777)
