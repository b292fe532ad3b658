"""Running `vedette fim` to its end, with what it printed."""

import dataclasses
import datetime
import json
import os
import subprocess

from harness import ROOT, check_schema


@dataclasses.dataclass
class Result:
    code: int
    events: list
    errors: str


def fim_command(root, verb, *arguments):
    program = os.environ.get("VEDETTE", str(ROOT / ".build" / "release" / "vedette"))
    return [program, "fim", verb, "--json", "--root", str(root), *map(str, arguments)]


def fim(root, verb, *arguments):
    """Runs `vedette fim VERB`; its lines are held against the schema of events where they are events."""
    done = subprocess.run(fim_command(root, verb, *arguments), capture_output=True)
    lines = done.stdout.splitlines(keepends=True)
    if verb in ("scan", "diff") and lines:
        check_schema(lines)
    return Result(done.returncode, [json.loads(line) for line in lines], done.stderr.decode("utf-8", "replace"))


def seconds(moment):
    """Seconds since 1970 of a time as events have it."""
    whole, fraction = moment.rstrip("Z").split(".")
    return datetime.datetime.fromisoformat(whole + "+00:00").timestamp() + int(fraction) / 1e9
