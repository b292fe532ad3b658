"""fim row 8: changes that no event reports are found by a scan, with the interval in which they happened."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import time

from fim import fim, seconds
from harness import note, skip, tester, unmount, verdict, workspace
from sensor import Sensor

MARK = b"this text is changed on the device, past the filesystem"
NAMES = ["mmap", "aio", "chattr", "times", "mode", "xattr", "acl", "capability", "device", "gone", "moved", "same"]


def run():
    if shutil.which("mke2fs") is None or shutil.which("setfattr") is None:
        skip("fim 8", "mke2fs or setfattr is missing (apt-get install e2fsprogs attr)")
        return
    run_scans()
    run_sensor()
    run_busy()


def run_scans():
    """All kinds while nobody listens."""
    with filesystem() as (root, image, mount):
        with mounted(image, mount):
            first = fim(root, "scan", mount)
            between = time.time()
            change(mount)
        changed_by = time.time()
        patch(image)
        with mounted(image, mount):
            quick = fim(root, "diff", mount)
            found = fim(root, "scan", "--verify", mount)
            again = fim(root, "scan", "--verify", mount)
        # The device number of a loop mount may be another one; here only names count.
        check(mount, first, quick, found, again, between, changed_by)


@contextlib.contextmanager
def filesystem():
    """A filesystem on a loop device, with the files that are to be changed. Yields root, image and mount point."""
    with workspace() as directory:
        root, image, mount = (pathlib.Path(directory, name) for name in ("root", "image", "mount"))
        mount.mkdir()
        subprocess.run(["truncate", "-s", "16M", str(image)], check=True)
        subprocess.run(["mke2fs", "-q", "-t", "ext4", str(image)], check=True)
        with mounted(image, mount):
            for name in NAMES:
                (mount / name).write_bytes(b"as it was: " + name.encode() + b"\n" + MARK + name.encode())
            os.sync()
        yield root, image, mount


@contextlib.contextmanager
def mounted(image, mount):
    """`image` is a file or a device."""
    is_device = str(image).startswith("/dev/")
    subprocess.run(["mount", *([] if is_device else ["-o", "loop"]), str(image), str(mount)], check=True)
    try:
        yield
    finally:
        unmount(mount)


def change(mount):
    """One change of each kind. What a mapping stored keeps the time of its page's write-out."""
    subprocess.run([tester("unreported"), "mmap", str(mount / "mmap")], check=True)
    subprocess.run([tester("unreported"), "aio", str(mount / "aio")], check=True)
    subprocess.run(["chattr", "+i", str(mount / "chattr")], check=True)
    change_records(mount)


def change_records(mount):
    """What the inodes and the directory say."""
    os.utime(mount / "times", (1, 1))
    os.chmod(mount / "mode", 0o4755)
    subprocess.run(["setfattr", "-n", "user.vedette", "-v", "1", str(mount / "xattr")], check=True)
    subprocess.run(["setfacl", "-m", "u:1:r", str(mount / "acl")], check=True)
    subprocess.run(["setcap", "cap_net_raw+ep", str(mount / "capability")], check=True)
    (mount / "gone").unlink()
    (mount / "moved").rename(mount / "moved-here")


def patch(image):
    """Changes the content of the file `device` on the unmounted device: inode and times stay."""
    content = image.read_bytes()
    at = content.find(MARK + b"device")
    if at < 0:
        raise RuntimeError("the content of the file is not on the device")
    with image.open("r+b") as file:
        file.seek(at)
        file.write(b"THIS")


EXPECTED = {
    "mmap": ("modified", "sha256"), "aio": ("modified", "sha256"), "chattr": ("attributes", "immutable"),
    "times": ("attributes", "mtime"), "mode": ("attributes", "mode"), "xattr": ("attributes", "xattr"),
    "acl": ("attributes", "acl"), "capability": ("attributes", "capabilities"), "device": ("modified", "sha256"),
    "gone": ("deleted", None), "moved": ("deleted", None), "moved-here": ("created", None),
}


def check(mount, first, quick, found, again, between, changed_by):
    verdict("fim 8", f"the first scan is silent: {first.errors.strip()}", first.code == 0 and not first.events)
    by_name = {event["file"]["name"]: event for event in found.events if event["file"]["path"] != str(mount)}
    for name, (kind, attribute) in EXPECTED.items():
        event = by_name.pop(name, None)
        if event is None:
            verdict(f"fim 8 {name}", "not found", False)
            continue
        vedette = event["vedette"]
        interval = [seconds(vedette["interval"][end]) for end in ("from", "to")]
        is_right = (
            event["event"]["action"] == kind and vedette["detected_by"] == "scan"
            and (attribute is None or attribute in vedette["after"])
            and interval[0] <= between and changed_by <= interval[1])
        verdict(f"fim 8 {name}", f"{event['event']['action']} {' '.join(vedette.get('after', {}))}, "
                f"in an interval of {interval[1] - interval[0]:.1f} s", is_right)
    for name, event in by_name.items():
        note(f"told without a change: {event['event']['action']} {name} {event['vedette'].get('after')}")
    verdict("fim 8", f"{len(by_name)} others told", not by_name)
    names = {event["file"]["name"] for event in quick.events}
    verdict("fim 8", "a comparison by times and sizes finds all but what was changed past the filesystem",
            set(EXPECTED) - names == {"device"} and quick.code == 2)
    verdict("fim 8", f"a further scan has nothing to tell ({len(again.events)} lines)",
            again.code == 0 and not again.events)


# A running sensor

INTERVAL = 20
"""Seconds between two scans."""


def run_sensor():
    """Some kinds while the sensor listens, the others while the filesystem is mounted elsewhere for a moment."""
    with filesystem() as (root, image, mount), device(image) as loop:
        root.mkdir()
        with mounted(loop, mount):
            sensor = Sensor(root, [mount], f"  scan: {{interval: {INTERVAL}s}}\n")
            with sensor:
                settled = [sensor.wait_settled()]
                unheard = change_unheard(sensor, mount)
                settled.append(sensor.wait_settled())
                absent = change_absent(sensor, loop, mount)
                settled.append(sensor.wait_settled())
                code = sensor.stop()
                if not all(settled) or code:
                    sensor.explain()
            again = fim(root, "diff", mount)
        changes = [change for change in sensor.changes() if change["file"]["path"].startswith(f"{mount}/")]
        sensor.check_schema()
    for name, (kind, attribute) in EXPECTED.items():
        if name in unheard or name in absent:
            told = [change for change in changes if change["file"]["name"] == name]
            judge(name, kind, attribute, told, *(unheard.get(name) or absent[name]))
    others = [change for change in changes if change["file"]["name"] not in {**unheard, **absent}]
    verdict("fim 8 run", f"exit code {code}, {len(others)} others told; a fresh comparison finds {len(again.events)} "
            f"differences", all(settled) and code == 0 and not others and again.code == 0)


def change_unheard(sensor, mount):
    """Changes what the sensor watches, and waits until that is found. Returns when each was changed."""
    begin = time.time()
    holders = [hold(mount, kind) for kind in ("mmap", "aio")]
    subprocess.run(["chattr", "+i", str(mount / "chattr")], check=True)
    times = dict.fromkeys(("mmap", "aio", "chattr"), (begin, time.time()))
    wait_told(sensor, mount, times)
    for holder in holders:
        holder.communicate()
    return times


def change_absent(sensor, loop, mount):
    """The same with what is changed while the filesystem is not where the sensor watches."""
    elsewhere = mount.with_name("elsewhere")
    elsewhere.mkdir()
    unmount(mount)
    with mounted(loop, elsewhere):
        begin = time.time()
        change_records(elsewhere)
        end = time.time()
    subprocess.run(["mount", loop, str(mount)], check=True)
    names = ["times", "mode", "xattr", "acl", "capability", "gone", "moved", "moved-here"]
    wait_told(sensor, mount, names)
    return dict.fromkeys(names, (begin, end))


def hold(mount, kind):
    """Changes a file and keeps it open: closing it is an event."""
    holder = subprocess.Popen(
        [tester("unreported"), kind, str(mount / kind), "hold"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    holder.stdout.readline()
    return holder


def wait_told(sensor, mount, names):
    """Waits until the next scan has told of all of them, or should have."""
    for name in names:
        sensor.wait_for(
            lambda event: event.get("file", {}).get("path") == str(mount / name), 2 * INTERVAL)


def run_busy():
    """On a host that is never quiet: events wait in the kernel at every moment."""
    with workspace() as root, workspace() as place, workspace() as elsewhere:
        file = pathlib.Path(place, "file")
        file.write_text("as it was\n")
        with Sensor(root, [place]) as sensor:
            ready = sensor.wait_settled()
            # The reader lets what one process does wait, and takes it in by the hundred.
            busy = subprocess.Popen(
                [sys.executable, "-c", "import os, sys\nfile = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)\n"
                 "while True: os.pwrite(file, b'x', 0)", os.path.join(elsewhere, "busy")])
            begin = time.monotonic()
            try:
                time.sleep(1)
                subprocess.run(["chattr", "+i", str(file)], check=True)
                scan = sensor.scan(place)
                told = sensor.wait_for(lambda event: event.get("file", {}).get("path") == str(file), 30)
                after = time.monotonic() - begin
            finally:
                subprocess.run(["chattr", "-i", str(file)])
                busy.terminate()
                busy.wait()
            code = sensor.stop()
    verdict("fim 8 busy", f"{told['message'] if told else 'not told'}, {after:.1f} s after another file beside it began to be "
            f"written all the time; exit code {code}",
            bool(ready and scan and told) and told["vedette"]["source"] == "scan" and code == 0)


def judge(name, kind, attribute, told, begin, end):
    if not told:
        verdict(f"fim 8 run {name}", "not found", False)
        return
    # Closing what was held open is an event of its own, which says who it was.
    closed = [one for one in told[1:] if one.get("process", {}).get("name") == "unreported"]
    vedette = told[0]["vedette"]
    interval = [seconds(vedette["interval"][end]) for end in ("from", "to")] if "interval" in vedette else [0, 0]
    verdict(
        f"fim 8 run {name}", f"{told[0]['event']['action']} "
        f"{' '.join(vedette.get('after', {}))}, by {vedette['source']}, in an interval of "
        f"{interval[1] - interval[0]:.1f} s; told {len(told)} times, {len(closed)} of them when it was closed",
        len(told) - len(closed) == 1 and told[0]["event"]["action"] == kind and vedette.get("detected_by") == "scan"
        and "process" not in told[0] and (attribute is None or attribute in vedette["after"])
        and interval[0] <= begin and end <= interval[1])


@contextlib.contextmanager
def device(image):
    """The image as a loop device: with a number that stays."""
    done = subprocess.run(["losetup", "-f", "--show", str(image)], check=True, capture_output=True, text=True)
    try:
        yield done.stdout.strip()
    finally:
        subprocess.run(["losetup", "-d", done.stdout.strip()], check=True)
