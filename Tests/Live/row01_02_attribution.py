"""Rows 1 and 2: who wrote each of thousands of files, with audit, without it, with another's audit.

The driver `writers` logs the truth; every attribute of every file is then right, unknown or wrong.
"""

import collections
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import time

from harness import Vedette, busy, file_path, is_gap, note, setting, skip, tester, verdict, workspace

KINDS = ["sh", "tiny", "fork", "uring-write", "uring-open", "box", "thread", "shift"]
ATTRIBUTES = ["executable", "uid", "pid", "auid", "args", "parent", "container"]
HIERARCHIES = [pathlib.Path("/sys/fs/cgroup/systemd"), pathlib.Path("/sys/fs/cgroup/unified"),
               pathlib.Path("/sys/fs/cgroup")]
# Marks the cgroups of these tests: scripts/live.sh removes what a killed run leaves.
CONTAINER_MARK = "11fe7e57"
EXACT = 1.0
NEARLY = 0.999

# What must be known of each kind; whatever is not here must only never be wrong.
WITH_AUDIT = {"executable": EXACT, "uid": EXACT, "pid": EXACT, "auid": NEARLY, "args": NEARLY}
WITHOUT_AUDIT = {"executable": EXACT, "uid": EXACT}


def run():
    trials = setting("TRIALS", 2000)
    kinds = setting("KINDS", ",".join(KINDS)).split(",")
    modes = setting("MODES", "audit,no-audit,held,immutable").split(",")
    if "audit" in modes:
        if shutil.which("auditctl") is None:
            skip(1, "auditctl is missing (apt-get install auditd)")
        else:
            measure("1", kinds, trials, [], WITH_AUDIT)
    if "no-audit" in modes:
        measure("2 without audit", kinds, trials, ["--no-audit"], WITHOUT_AUDIT)
    if "held" in modes:
        held_by_another(kinds, trials)
    if "unavailable" in modes:
        measure("2 audit unavailable", kinds, trials, [], WITHOUT_AUDIT)
    if "immutable" in modes:
        if audit_status("enabled") == 2:
            measure("2 audit immutable", kinds, trials, [], WITHOUT_AUDIT)
        else:
            skip("2 audit immutable", "lasts until reboot: only in a guest (make test-kernels)")


def bars_of(kind, bars):
    """A process that changes who it is between two writes may be unknown for a moment, and never wrong."""
    return {"pid": EXACT} if kind == "shift" else bars


def held_by_another(kinds, trials):
    before = audit_status("pid")
    if before not in (None, 0):
        note(f"audit already belongs to process {before}")
        measure("2 audit of another", kinds, trials, [], WITHOUT_AUDIT)
        return
    holder = subprocess.Popen([tester("holder")], stdout=subprocess.PIPE)
    try:
        if holder.stdout.readline() != b"holding\n":
            skip("2 audit of another", "the tester program could not become the audit daemon")
            return
        measure("2 audit of another", kinds, trials, [], WITHOUT_AUDIT)
        owner = audit_status("pid")
        verdict("2 audit of another", f"the owner is still the owner ({owner})", owner in (None, holder.pid))
    finally:
        holder.terminate()
        holder.wait()


def audit_status(name):
    """A number of audit's status, such as the pid of its owner; None when that cannot be found out."""
    if shutil.which("auditctl") is None:
        return None
    status = subprocess.run(["auditctl", "-s"], capture_output=True, text=True).stdout
    fields = dict(line.split()[:2] for line in status.splitlines() if len(line.split()) > 1)
    return int(fields.get(name, 0))


@contextlib.contextmanager
def container_groups(count=5):
    """cgroups as docker names them: for each container its directories in all hierarchies, with commas."""
    roots = [root for root in HIERARCHIES if (root / "cgroup.procs").exists()]
    made = []
    containers = []
    try:
        for number in range(count):
            name = CONTAINER_MARK + os.urandom(28).hex()
            for root in roots:
                for directory in (root / "docker", root / "docker" / name):
                    if not directory.exists():
                        directory.mkdir()
                        made.append(directory)
            containers.append(",".join(str(root / "docker" / name) for root in roots))
        yield containers if roots else []
    finally:
        for directory in reversed(made):
            for _ in range(100):
                try:
                    directory.rmdir()
                    break
                except OSError:
                    time.sleep(0.02)


def measure(row, kinds, trials, options, bars):
    """One vedette for all kinds; a verdict for each kind."""
    with workspace() as directory, container_groups() as containers:
        files = pathlib.Path(directory, "files")
        files.mkdir()
        files.chmod(0o777)
        tiny = shutil.copy(tester("tiny"), directory)
        results = []
        with Vedette(files, *options) as vedette, busy(4):
            for kind in kinds:
                truth = pathlib.Path(directory, f"truth-{kind}.jsonl")
                started = time.monotonic()
                command = [tester("writers"), str(truth), str(files), tiny, str(trials), kind]
                subprocess.run(command + (containers if kind == "box" else []), check=True)
                results.append((kind, truth, time.monotonic() - started))
            vedette.wait_quiet(1.5)
            survived = vedette.is_running
            code, summary = vedette.stop()
        keep(row, vedette, results)
        by_path = collections.defaultdict(list)
        for event in vedette.events:
            by_path[file_path(event)].append(event)
        for event in filter(is_gap, vedette.events):
            note(f"gap: {event['message']}")
        for kind, truth, seconds in results:
            truths = [json.loads(line) for line in truth.open()]
            score(f"{row} {kind}", truths, by_path, bars_of(kind, bars), seconds)
        if code != 0 or not survived:
            when = "when stopped" if survived else "before it was stopped"
            verdict(row, f"exit code {code}, {when}", False)
        if setting("SHOW_SUMMARY", 0):
            print(vedette.coverage + summary)


def keep(row, vedette, results):
    """With VEDETTE_LIVE_KEEP=DIR the events and the truth stay there, to be looked at."""
    place = setting("KEEP", "")
    if not place:
        return
    folder = pathlib.Path(place, "row-" + row.replace(" ", "-"))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "events.jsonl").write_bytes(b"".join(vedette.lines))
    for _, truth, _ in results:
        shutil.copy(truth, folder)


def score(row, truths, by_path, bars, seconds):
    """Counts right, unknown and wrong values; prints the first mismatches with their whole lines."""
    right, unknown, wrong = collections.Counter(), collections.Counter(), collections.Counter()
    missing, mismatches = [], []
    for truth in truths:
        events = by_path.get(truth["path"], [])
        if not events:
            missing.append(truth)
            continue
        worst = {}
        for event in events:
            for attribute, value in attributes(event).items():
                outcome = judge(attribute, value, truth)
                worst[attribute] = min(worst.get(attribute, 2), outcome)
                if outcome == 0 or (outcome == 1 and attribute in bars):
                    mismatches.append((attribute, value, truth, event))
        for attribute, outcome in worst.items():
            (wrong, unknown, right)[outcome][attribute] += 1
    total = len(truths)
    enough = total > 0 and all(right[attribute] >= total * share for attribute, share in bars.items())
    parts = [
        f"{name} {share_text(right[name], total)}{counts(unknown[name], wrong[name])}" for name in ATTRIBUTES]
    lines = sum(len(by_path.get(truth["path"], [])) for truth in truths)
    text = f"{total} files in {seconds:.1f} s, {len(missing)} missing, {lines} lines; " + ", ".join(parts)
    verdict(row, text, enough and not missing and not sum(wrong.values()))
    for truth in missing[:5]:
        note(f"missing: {json.dumps(truth)}")
    # Wrong ones first: they are worse than what is not known.
    for attribute, value, truth, event in sorted(mismatches, key=lambda one: one[1] is None)[:5]:
        note(f"{attribute}: {value!r} is not {truth[attribute]!r}\n    truth {json.dumps(truth)}"
             f"\n    event {json.dumps(event)}")


def share_text(count, total):
    return "100 %" if count == total else f"{100 * count / max(total, 1):.2f} %"


def counts(unknown, wrong):
    return (f" ({unknown} unknown)" if unknown else "") + (f" ({wrong} WRONG)" if wrong else "")


def attributes(event):
    """What a line says of each attribute; None where it says nothing."""
    process, vedette, user = event.get("process", {}), event.get("vedette", {}), event.get("user", {})
    effective = user.get("effective", {}).get("id", user.get("id"))
    # Two ids that are not alike are a wrong one: the driver changes all of them.
    uid = user.get("id") if user.get("id") == effective else f"{user.get('id')}/{effective}"
    placement = vedette.get("placement")
    return {
        "executable": process.get("executable"),
        "uid": uid,
        "pid": process.get("pid"),
        "auid": vedette.get("login_user", {}).get("id"),
        "args": process.get("args"),
        "parent": process.get("parent", {}).get("pid"),
        "container": "host" if placement == "host" else event.get("container", {}).get("id"),
    }


def judge(attribute, value, truth):
    """2 right, 1 unknown, 0 wrong."""
    if value is None:
        return 1
    expected = truth[attribute]
    if attribute == "uid":
        expected = str(expected)
    elif attribute == "container" and expected is None:
        expected = "host"
    return 2 if value == expected else 0
