"""fim row 10: every kind of change is told once, of the right name, and never with a wrong who.

For each kind a line for machines: `kind MODE NAME right|unknown|wrong|missing HOW`. *Right* has the executable, the
pid and the user of the process that did it; *unknown* leaves out what is not known; *wrong* names another, or tells
another kind, another name, or more than once.
"""

import contextlib
import os
import pathlib
import shutil
import subprocess

from harness import note, setting, skip, verdict, workspace
from kinds import REFUSED, Kind, executables, kinds, placed, prepare, start
from row11_killed import audit_status
from row_fim06_trouble import sysctl
from sensor import Sensor

ALWAYS = {"fanotify", "audit", "proc_connector", "taskstats", "procfs", "baseline"}
MODES = ["full", "no-audit", "no-fanotify"]

MOST_UNKNOWN = 2
"""With all sources: events that may come without a complete who."""


NEEDS = ["auditctl", "chattr", "setfattr", "setfacl", "setcap", "busybox"]


def run():
    missing = [name for name in NEEDS if shutil.which(name) is None]
    if missing:
        skip("fim 10", f"{' '.join(missing)}: not installed (scripts/deps.sh live)")
        return
    for mode in setting("KIND_MODES", " ".join(MODES)).split():
        run_mode(mode)


def run_mode(mode):
    row = f"fim 10 {mode}"
    more = f"  settle_ms: {setting('SETTLE', 250)}\n"
    if mode == "no-audit" and audit_status():
        more += "audit:\n  enabled: false\n"
    with workspace() as top, workspace() as aside:
        watched, away = pathlib.Path(top, "watched"), pathlib.Path(aside, "away")
        for directory in (watched, away):
            directory.mkdir()
            directory.chmod(0o777)
        chosen = [kind for kind in kinds() if setting("KIND", "") in kind.name]
        for kind in chosen:
            prepare(kind, watched / kind.name, away / kind.name)
        # What was prepared is history.
        os.sync()
        limit = sysctl("fs.fanotify.max_user_groups", 0) if mode == "no-fanotify" else contextlib.nullcontext()
        with limit, Sensor(aside + "/root", [watched], more) as sensor:
            if not sensor.wait_settled():
                verdict(row, "the baseline is not taken within two minutes", False)
                sensor.explain()
                return
            status_verdict(f"{row} status", mode, sensor)
            seen = len(sensor.lines())
            pids = {kind: pid for kind in chosen if (pid := act(row, kind, watched, away)) is not None}
            drain(sensor, watched)
            find_by_scan(sensor, watched, pids)
            changes = [event for event in sensor.changes() if event["event"]["sequence"] > seen]
            kinds_verdict(row, mode, changes, pids, watched, away)
            undo(pids, watched, away)
            code = sensor.stop()
            verdict(row, f"ends with {code}", code == 0)
            sensor.check_schema()


def act(row, kind, watched, away):
    """The pid of who made the change; None when the kind cannot be shown here."""
    words = [placed(word, watched / kind.name, away / kind.name) for word in kind.command]
    program = start(words, kind.user)
    _, errors = program.communicate(timeout=120)
    if program.returncode == REFUSED:
        skip(f"{row} {kind.name}", "the filesystem here cannot do that")
        return None
    if program.returncode != 0:
        verdict(f"{row} {kind.name}", f"{' '.join(words)} ended with {program.returncode}: {errors}", False)
        return None
    return program.pid


def undo(pids, watched, away):
    for kind in pids:
        if kind.undo:
            subprocess.run([placed(word, watched / kind.name, away / kind.name) for word in kind.undo], check=True)


def drain(sensor, watched):
    """Two marks: when the second is out, whatever waited when the first was made has been decided."""
    for number in range(2):
        mark = watched / f"mark-{number}"
        mark.write_text("mark\n")
        if sensor.wait_for(lambda event: event.get("file", {}).get("path") == str(mark), 60) is None:
            note(f"no line about {mark} within a minute")


def find_by_scan(sensor, watched, chosen):
    """What is young is looked at twice before it is told: its event may still be on its way."""
    if sensor.scan(watched) is None:
        note("the scan has not ended within two minutes")
    for kind in chosen:
        if kind.by_scan:
            path = str(watched / kind.name / kind.told)
            sensor.wait_for(lambda event: event.get("file", {}).get("path") == path, 60)


# Status --------------------------------------------------------------------------------------------------------


def status_verdict(row, mode, sensor):
    """Each entry that is configured is there, and the exit code says whether all of them are live."""
    code = sensor.ask("status").returncode
    entries = {entry["source"]: entry for entry in sensor.status["coverage"]}
    for entry in entries.values():
        note(f"status {mode}: {' | '.join(filter(None, map(entry.get, ('source', 'state', 'reason', 'detail'))))}")
    silent = [name for name, entry in entries.items() if entry["state"] != "live" and not entry.get("reason")]
    dead = sorted(name for name, entry in entries.items() if entry["state"] != "live")
    is_off = mode == "no-audit" and bool(audit_status())
    expected = {"full": set(), "no-audit": set() if is_off else {"audit"}, "no-fanotify": {"fanotify", "inotify"}}[mode]
    wanted = ALWAYS - {"audit"} if is_off else ALWAYS
    if audit_status().get("enabled") == "2":
        expected.add("audit")
    verdict(row, f"exit code {code}; not live: {' '.join(dead) or 'none'}",
            code == (2 if dead else 0) and wanted <= set(entries) and ("audit" in entries) != is_off
            and not silent and expected == set(dead))


# Judgement -----------------------------------------------------------------------------------------------------


def kinds_verdict(row, mode, changes, pids, watched, away):
    counts = dict.fromkeys(["right", "unknown", "wrong", "missing"], 0)
    unknown = []
    for kind, pid in pids.items():
        here = watched / kind.name
        own = [event for event in changes if f"{event['file']['path']}/".startswith(f"{here}/")]
        found, how, problems = judge(kind, pid, here, away / kind.name, own)
        counts[found] += 1
        if found == "unknown" and not kind.by_scan:
            unknown.append(kind.name)
        print(f"kind {mode} {kind.name} {found} {how}", flush=True)
        for problem in problems:
            note(f"{kind.name}: {problem}")
    is_right = not counts["wrong"] and not counts["missing"] and (mode != "full" or len(unknown) <= MOST_UNKNOWN)
    verdict(row, f"{sum(counts.values())} kinds: " + ", ".join(f"{count} {name}" for name, count in counts.items()),
            is_right and sum(counts.values()) > 0)


def judge(kind: Kind, pid, here, away, events):
    """The word for it, how it was told, and what is wrong."""
    told = [event for event in events if is_it(kind, here, event)]
    also = {(action, str(here / name)) for action, name in kind.also}
    others = [event for event in events if event not in told]
    problems = [
        f"told besides: {event['message']}" for event in others
        if (event["event"]["action"], event["file"]["path"]) not in also]
    if len(told) > 1:
        problems.append(f"told {len(told)} times")
    expected = {"pid": [pid], "executable": executables(kind, here, away), "user": [str(kind.user)]}
    for event in events:
        # What the kernel did besides was not this process.
        if event["event"]["action"] == kind.action:
            problems += wrong_who(expected, who(event))
    how = f"{told[0]['event']['provider']} {told[0]['event']['action']}" if told else "nothing"
    if problems:
        return "wrong", how, problems
    if not told:
        return "missing", how, problems
    return ("right" if None not in who(told[0]).values() else "unknown"), how, problems


def is_it(kind, here, event):
    previous = event.get("vedette", {}).get("file", {}).get("previous_path")
    return (event["event"]["action"] == kind.action and event["file"]["path"] == str(here / kind.told)
            and (kind.previous is None or previous == str(here / kind.previous)))


def who(event):
    """What is told of who did it; `None` for what is said to be unknown."""
    process = event.get("process", {})
    return {"pid": process.get("pid"), "executable": process.get("executable"), "user": event.get("user", {}).get("id")}


def wrong_who(expected, told):
    return [
        f"{name} told is {told[name]}, it was {' or '.join(map(str, right))}" for name, right in expected.items()
        if told[name] is not None and told[name] not in right]
