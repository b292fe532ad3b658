"""Row fim 9, a large package: more files than changes can wait, and still nobody is alarmed."""

import collections
import pathlib
import shutil
import subprocess

from harness import note, setting, skip, verdict, workspace
from row_fim09_packages import brief, said, suspicious, told_during
from sensor import Sensor

NAME = "vedette-live-large"


def run():
    if not shutil.which("dpkg-deb"):
        return skip("fim 9 large", "dpkg-deb is missing")
    count = setting("LARGE_FILES", 6_000)
    with workspace() as root, workspace() as place, workspace() as scratch:
        packages = [build(pathlib.Path(scratch), place, version, count) for version in ("1.0", "2.0")]
        try:
            with Sensor(root, [{"path": place, "severity": "high"}]) as sensor:
                sensor.wait_settled()
                for step, command in [
                    ("install", ["dpkg", "-i", packages[0]]), ("upgrade", ["dpkg", "-i", packages[1]]),
                    ("purge", ["dpkg", "--purge", NAME]),
                ]:
                    show(sensor, step, command, count)
        finally:
            subprocess.run(["dpkg", "--purge", NAME], capture_output=True)


def show(sensor, step, command, count):
    changes, done = told_during(sensor, lambda: subprocess.run(command, capture_output=True, text=True))
    files = {event["file"]["path"] for event in changes if event["file"]["path"].endswith(".txt")}
    false, told = suspicious(changes), collections.Counter(said(event)[:2] for event in changes)
    verdict(f"fim 9 large {step}", f"{count} files, {len(files)} told: "
            + ", ".join(f"{number} {judgement} {reason}" for (judgement, reason), number in told.items())
            + f"; {len(false)} unexpected or of high severity",
            done.returncode == 0 and len(files) == count and not false)
    for line in done.stderr.splitlines()[-3:] if done.returncode else []:
        note(line)
    for event in false[:5]:
        note(f"false: {brief(event)}")


def build(scratch, place, version, count):
    """A package with so many small files in `place`."""
    source, target = scratch / f"package-{version}", scratch / f"{NAME}_{version}_all.deb"
    inside = source / place.lstrip("/")
    for number in range(count):
        path = inside / str(number % 60) / f"{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{number} of {version}\n")
    (source / "DEBIAN").mkdir()
    (source / "DEBIAN/control").write_text(
        f"Package: {NAME}\nVersion: {version}\nArchitecture: all\nMaintainer: nobody <nobody@localhost>\n"
        "Description: files for a live test\n")
    digests = subprocess.run(
        f"find {place.lstrip('/')} -type f -exec md5sum {{}} +", shell=True, cwd=source, capture_output=True, check=True)
    (source / "DEBIAN/md5sums").write_bytes(digests.stdout)
    subprocess.run(["dpkg-deb", "-Znone", "--build", "--root-owner-group", str(source), str(target)],
                   check=True, capture_output=True)
    return str(target)
