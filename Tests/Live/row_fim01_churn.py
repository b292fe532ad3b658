"""Row fim 1: after churn the baseline is what a fresh scan of the disk would take, and every loss has been told.

What is written to a file by a further name that is gone at once is told of that name, and found by scan at the others:
the lossless part has no further names.
"""

import pathlib
import subprocess

import fim
from harness import is_gap, note, setting, tester, verdict, workspace
from sensor import Sensor

CAUSES = {"fanotify_overflow", "inotify_overflow", "baseline_behind", "unread_at_end"}


def run():
    seconds = setting("FIM_CHURN_SECONDS", 60)
    churn("fim 1 full speed", 0, seconds)
    # Of ten attempts six change something.
    churn("fim 1 5,000 a second", 8_600, max(seconds // 3, 5), lossless=True)


def churn(row, rate, seconds, lossless=False):
    with workspace() as root, workspace() as place:
        tree = pathlib.Path(place) / "tree"
        tree.mkdir()
        (tree / "still").write_text("still\n")
        with Sensor(root, [tree]) as sensor:
            before = sensor.wait_settled()
            workers = [
                subprocess.Popen(
                    [tester("churn_tree"), str(tree), str(seconds), str(rate // 2), str(seed)]
                    + ["unlinked"] * lossless, stdout=subprocess.PIPE)
                for seed in (1, 2)
            ]
            made = sum(int(worker.communicate()[0] or 0) for worker in workers)
            settled = sensor.wait_settled(180)
            report = settled or sensor.status or {}
            code = sensor.stop()
            gaps = [event for event in sensor.events() if is_gap(event)]
            told = len(sensor.changes())
            changes = sensor.changes()
            found = [event for event in changes if event["vedette"]["source"] == "scan"]
            sensor.check_schema()
            if not settled or code:
                sensor.explain()
        again = fim.fim(root, "diff", tree)
        lost = [event for event in gaps if event["vedette"]["gap"]["cause"] in CAUSES]
        processor = (report.get("process", {}).get("processor_nanoseconds", 0)
                     - before["process"]["processor_nanoseconds"]) / 1e9
        verdict(
            row, f"{made} changes in {seconds} s, {told} alerts ({len(found)} of them found by scan), {len(lost)} gaps of "
            f"changes, {processor:.1f} s of processor time; a fresh comparison finds {len(again.events)} differences, "
            f"exit code {again.code}",
            settled is not None and code == 0 and again.code == 0 and not again.events
            and not (lossless and (lost or found))
            # No name comes or goes unheard.
            and (lost or all(event["event"]["action"] in ("modified", "attributes") for event in found)))
        for event in again.events[:5]:
            note(f"{event['event']['action']} {event['file']['path']} {event['vedette'].get('before')} "
                 f"{event['vedette'].get('after')}")
        for event in found[:3]:
            note(f"found by scan: {brief(event)}")
            same = [one for one in changes if one["file"].get("inode") == event["file"].get("inode")]
            for one in [one for one in same if one is not event][-4:]:
                note(f"  of the same inode: {brief(one)}")
        for event in lost[:5]:
            note(f"{event['vedette']['gap']}")


def brief(event):
    previous = event["vedette"]["file"].get("previous_path", "") if "file" in event["vedette"] else ""
    return (f"{event['@timestamp'][11:]} {event['event']['action']} {previous} {event['file']['path'][-20:]} "
            f"inode {event['file'].get('inode')} ctime {event['file'].get('ctime', '')[11:]} "
            f"{event['vedette'].get('before')} {event['vedette'].get('after')}")
