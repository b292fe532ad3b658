"""fim row 6: the clock is set an hour ahead and back while files change."""

import contextlib
import datetime
import pathlib
import subprocess
import time

from fim import fim
from harness import note, setting, skip, verdict, workspace
from sensor import Sensor

SHIFTS = [3600, -3600, -3600, 3600]
"""Seconds, one after the other."""

SLACK = 2.0
"""Seconds that a change may be told to be earlier or later than it was."""


def run():
    if setting("MAY_SET_CLOCK", 0) != 1:
        skip("fim 6 clock", "it sets the machine's clock: only with VEDETTE_LIVE_MAY_SET_CLOCK=1, as in the guests of "
             "`make test-kernels`")
        return
    with workspace() as top, workspace() as root, clock_kept():
        watched = pathlib.Path(top)
        for number in range(20):
            (watched / f"old-{number}").write_text("as it was\n")
        more = f"  settle_ms: {setting('SETTLE', 250)}\n"
        with Sensor(root, [watched], more) as sensor:
            if not sensor.wait_settled():
                verdict("fim 6 clock", "the baseline is not taken within two minutes", False)
                return
            seen = len(sensor.lines())
            for step, seconds in enumerate(SHIFTS):
                shifted(sensor, watched, step, seconds)
                if step == 1:
                    canary_verdict(sensor)
            quiet_verdict(sensor, watched, seen)
            code = sensor.stop()
            sensor.check_schema()
        offline = fim(root, "diff", watched)
        verdict("fim 6 clock", f"ends with {code}; then the baseline equals the disk: fim diff ends with "
                f"{offline.code}, {len(offline.events)} lines", code == 0 and offline.code == 0 and not offline.events)


@contextlib.contextmanager
def clock_kept():
    """Afterwards the clock is right again."""
    offset = time.time() - time.monotonic()
    try:
        yield
    finally:
        set_clock(offset + time.monotonic())


def set_clock(seconds):
    time.clock_settime(time.CLOCK_REALTIME, seconds)


def shifted(sensor, watched, step, seconds):
    """Sets the clock, then makes, changes and removes files. What is told has the new time."""
    set_clock(time.time() + seconds)
    begin = time.time()
    old, new = watched / f"old-{step}", watched / f"new-{step}"
    subprocess.run(["/bin/sh", "-c", f"echo x > {new}; echo y >> {old}; rm {watched}/old-{step + 10}"], check=True)
    paths = {str(new): "created", str(old): "modified", str(watched / f"old-{step + 10}"): "deleted"}
    problems = []
    for path, action in paths.items():
        event = sensor.wait_for(lambda event: event.get("file", {}).get("path") == path, 30)
        if event is None:
            problems.append(f"{action} {path} is not told")
            continue
        at = when(event)
        if event["event"]["action"] != action or not begin - SLACK <= at <= time.time() + SLACK:
            problems.append(f"{event['message']}, {at - begin:.1f} s after the change")
        if event.get("process", {}).get("name") not in ("sh", "rm"):
            problems.append(f"{event['message']}: who is wrong or unknown")
    verdict(f"fim 6 clock {seconds:+} s", f"{len(paths)} changes are told with the new time and who", not problems)
    for problem in problems:
        note(problem)


def when(event):
    return datetime.datetime.fromisoformat(event["@timestamp"][:26] + "+00:00").timestamp()


def canary_verdict(sensor):
    """A canary comes back after the clock was set."""
    before = canaries(sensor.status)
    begin = time.monotonic()
    after = sensor.wait_until(lambda report: all(
        canaries(report)[name] != canary for name, canary in before.items()), 100)
    verdict("fim 6 clock canaries", f"come back with the clock set: {after is not None}, "
            f"after {time.monotonic() - begin:.0f} s, all live: {bool(after) and after['live']}",
            after is not None and after["live"])


def canaries(report):
    return {source["name"]: source.get("last_canary") for source in report["sources"] if "last_canary" in source}


def quiet_verdict(sensor, watched, seen):
    """Nothing is taken for a change, a loss or a failure that is none."""
    scan = sensor.scan(watched)
    found = scan and scan["vedette"]["scan"]["changes"]
    events = [event for event in sensor.events() if event["event"]["sequence"] > seen]
    others = [event for event in events if event["event"]["action"] in ("gap", "coverage")]
    by_scan = [event for event in events if event["event"]["dataset"] == "vedette.file"
               and event["event"]["provider"] == "scan"]
    told = [event for event in events if event["event"]["dataset"] == "vedette.file"]
    code = sensor.ask("status").returncode
    for event in (others + by_scan)[:10]:
        note(event["message"])
    verdict("fim 6 clock quiet", f"{len(told)} changes told for {3 * len(SHIFTS)}; a scan finds {found} more; "
            f"{len(others)} gaps and changes of coverage; status ends with {code}",
            len(told) == 3 * len(SHIFTS) and found == 0 and not others and not by_scan and code == 0)
