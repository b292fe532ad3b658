"""fim row 8: changes that no event reports are found by a scan, with the interval in which they happened."""

import contextlib
import datetime
import os
import pathlib
import shutil
import subprocess
import time

from harness import note, skip, tester, verdict, workspace
from fim import fim

MARK = b"this text is changed on the device, past the filesystem"
NAMES = ["mmap", "aio", "chattr", "times", "mode", "xattr", "acl", "capability", "device", "gone", "moved", "same"]


def run():
    if shutil.which("mke2fs") is None or shutil.which("setfattr") is None:
        skip("fim 8", "mke2fs or setfattr is missing (apt-get install e2fsprogs attr)")
        return
    with workspace() as directory:
        root, image, mount = (pathlib.Path(directory, name) for name in ("root", "image", "mount"))
        mount.mkdir()
        subprocess.run(["truncate", "-s", "16M", str(image)], check=True)
        subprocess.run(["mke2fs", "-q", "-t", "ext4", str(image)], check=True)
        with mounted(image, mount):
            for name in NAMES:
                (mount / name).write_bytes(b"as it was: " + name.encode() + b"\n" + MARK + name.encode())
            os.sync()
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
def mounted(image, mount):
    subprocess.run(["mount", "-o", "loop", str(image), str(mount)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(mount)], check=True)


def change(mount):
    """One change of each kind. What a mapping stored keeps the time of its page's write-out."""
    subprocess.run([tester("unreported"), "mmap", str(mount / "mmap")], check=True)
    subprocess.run([tester("unreported"), "aio", str(mount / "aio")], check=True)
    subprocess.run(["chattr", "+i", str(mount / "chattr")], check=True)
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


def seconds(moment):
    whole, fraction = moment.rstrip("Z").split(".")
    return datetime.datetime.fromisoformat(whole + "+00:00").timestamp() + int(fraction) / 1e9
