"""fim row 5, the alert file: kill -9 in the middle of rotations, and a disk that fills.

The alert file alone, driven by the tester `alertwriter`: it names each alert by its run and number, and prints how
far they are acknowledged.
"""

import collections
import json
import pathlib
import random
import re
import signal
import subprocess
import time

from harness import ROOT, check_schema, setting, verdict, workspace

ALERTS = 16_000
WRITER = ROOT / ".build" / "release" / "alertwriter"


def run():
    with workspace() as directory:
        kill_rotations(pathlib.Path(directory))
    with workspace() as directory:
        fill_disk(pathlib.Path(directory))


def writer_command(file, run, count, rate, largest, kept):
    return [str(WRITER), str(file), run, *map(str, (count, rate, largest, kept))]


# Kills

def kill_rotations(directory):
    kills = setting("KILLS", 50)
    acknowledged, interrupted = {}, 0
    files = []
    for number in range(kills):
        # A few restarts over what the kill before has left, then anew: thousands of files would be slow to shift.
        file = directory / str(number // 5) / "alerts.json"
        if not files or files[-1] != file:
            files.append(file)
        run = f"run{number}"
        acknowledged[run] = killed_writer(file, run)
        interrupted += is_interrupted(file)
    # The last restart of each: it mends, and ends by itself.
    for file in files:
        run = f"last{file.parent.name}"
        subprocess.run(writer_command(file, run, 100, 0, 5_000, 2_000), check=True, capture_output=True)
        acknowledged[run] = 100
    written, torn, lines = read_all(files)
    check_schema(lines[::50])
    lost = sum(count for run, count in acknowledged.items() if not set(range(1, count + 1)) <= set(written[run]))
    twice = sum(len(numbers) - len(set(numbers)) for numbers in written.values())
    rotations = sum(len(list(file.parent.iterdir())) - 1 for file in files)
    verdict(
        "fim 5 rotation",
        f"{kills} kills over {rotations} rotations, {interrupted} of them inside one; "
        f"{sum(acknowledged.values())} alerts acknowledged, {lost} lost, {twice} twice, {torn} torn lines",
        lost == twice == torn == 0 and interrupted > 0 and all(acknowledged[f"run{n}"] for n in range(kills)))


def killed_writer(file, run):
    """Kills a writer once it has rotated for a while; how far it had acknowledged."""
    process = subprocess.Popen(
        writer_command(file, run, 1_000_000, 0, 5_000, 2_000), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    first = process.stdout.readline()
    time.sleep(random.uniform(0.01, 0.25))
    process.send_signal(signal.SIGKILL)
    numbers = (first + process.stdout.read()).splitlines(keepends=True)
    process.wait()
    return max((int(line) for line in numbers if line.endswith(b"\n")), default=0)


def is_interrupted(file):
    """Whether a rotation has been left half done: a number is unused, or nothing is at the path."""
    numbers = [int(path.name.rpartition(".")[2]) for path in file.parent.glob("alerts.json.*")]
    return not file.exists() or len(numbers) != max(numbers, default=0)


def read_all(files):
    """The numbers that stand in the files by run, how many lines are not whole, and all lines."""
    written, torn, lines = collections.defaultdict(list), 0, []
    for file in files:
        for path in file.parent.iterdir():
            for line in path.read_bytes().splitlines(keepends=True):
                run, number = read_line(line)
                if run is None:
                    torn += 1
                else:
                    lines.append(line)
                    written[run].append(number)
    return written, torn, lines


def read_line(line):
    """The run and the number of an alert; `None` for a line that is not whole; "" for one about lost events."""
    try:
        event = json.loads(line)
    except ValueError:
        return None, 0
    if not line.endswith(b"\n"):
        return None, 0
    if "file" not in event:
        return "", event.get("event", {}).get("sequence", 0)
    _, run, number = event["file"]["path"].split("/")
    return run, int(number)


# A full disk

def fill_disk(directory):
    """A disk of 48 MB that a stranger fills and empties again, while more is written than may wait."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(directory)], check=True)
    try:
        ballast = directory / "ballast"
        ballast.write_bytes(bytes(47 << 20))
        file = directory / "alerts.json"
        # Four seconds, of which three are told while there is room for a few hundred.
        process = subprocess.Popen(
            writer_command(file, "full", ALERTS, ALERTS // 4, 300_000, 1_000),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(3)
        during = torn_ends(file)
        ballast.unlink()
        output, errors = process.communicate(timeout=60)
        whole, torn, lines = read_all([file])
    finally:
        subprocess.run(["umount", str(directory)], check=True)
    report_disk(output, errors.decode(), during, whole, torn, lines)


def torn_ends(file):
    """Lines without an end in the files, at a moment when nothing can be written."""
    contents = [path.read_bytes() for path in file.parent.glob("alerts.json*")]
    return sum(bool(content) and not content.endswith(b"\n") for content in contents)


def report_disk(output, errors, during, whole, torn, lines):
    lost = int(re.search(r"lost (\d+)", errors).group(1))
    told = sum(
        gap["count"] for gap in (json.loads(line).get("vedette", {}).get("gap") for line in lines) if gap)
    acknowledged = int(output.split()[-1])
    check_schema(lines[::20])
    verdict(
        "fim 5 full disk",
        f"{acknowledged} of {ALERTS} alerts acknowledged, {lost} lost and {told} of them told; {during} torn lines while "
        f"it was full, {torn} afterwards; it said: {errors.splitlines()[0]}",
        acknowledged == ALERTS and lost == told > 0 and during == torn == 0 and "ENOSPC" in errors
        and len(whole["full"]) == len(set(whole["full"])))
