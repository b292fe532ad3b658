"""Row fim 9: what a package manager does is told as expected, what a hand does to the same files is not."""

import os
import pathlib
import shutil
import stat
import subprocess

from harness import note, skip, verdict, workspace
from sensor import Sensor

PACKAGES = ["figlet", "libtommath1"]
"""A program with a configuration file and alternatives, and a library, for which ldconfig runs."""

WATCHES = ["/usr/bin", "/usr/share/doc", "/usr/share/man", "/etc"]

PROGRAM = "/usr/bin/figlet-figlet"
DOCUMENT = "/usr/share/doc/figlet/copyright"
CONFIGURATION = "/etc/emacs/site-start.d/50figlet.el"

SCRIPTS_WRITE = ["/etc/alternatives/figlet", "/usr/bin/figlet", "/etc/ld.so.cache"]
"""What no package has, and the packages' scripts and triggers write."""

ARCHIVES = pathlib.Path("/var/cache/apt/archives")


def run():
    if not shutil.which("apt-get") or not shutil.which("dpkg-query"):
        return skip("fim 9", "apt-get is missing")
    installed = [name for name in PACKAGES if state(name) not in ("", "not-installed")]
    if installed:
        return skip("fim 9", f"{' and '.join(installed)} must not be installed: the row would remove it")
    downloads = set(ARCHIVES.glob("*.deb"))
    try:
        if not apt_get("install", "--download-only"):
            return skip("fim 9", "the packages' archive cannot be had")
        with workspace() as root, Sensor(root, watches()) as sensor:
            sensor.wait_settled(300)
            show(sensor)
            sensor.check_schema()
    finally:
        apt_get("purge", quiet=True)
        for path in set(ARCHIVES.glob("*.deb")) - downloads:
            path.unlink(missing_ok=True)


def watches():
    """All of high severity, with differences where configuration is."""
    return [{"path": path, "severity": "high", "diff": path == "/etc"} for path in WATCHES]


def show(sensor):
    versions = {name: candidate(name) for name in PACKAGES}
    install(sensor, versions)
    by_hand(sensor)
    reinstall(sensor, versions)
    remove(sensor, versions)


# Package managers ---------------------------------------------------------------------------------------------


def command(verb, *options):
    recommends = ["--no-install-recommends"] if verb == "install" else []
    return ["apt-get", verb, "-y", *recommends, *options, *PACKAGES]


def apt_get(verb, *options, quiet=False):
    """Whether it went well; else its last words are printed."""
    done = subprocess.run(
        command(verb, *options), text=True, capture_output=True, timeout=300,
        stdin=subprocess.DEVNULL, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    for line in [] if quiet or done.returncode == 0 else (done.stdout + done.stderr).splitlines()[-5:]:
        note(line)
    return done.returncode == 0


def state(package):
    return query("-W", "-f", "${db:Status-Status}", package)


def candidate(package):
    """The version that is installed next."""
    listed = subprocess.run(["apt-cache", "policy", package], text=True, capture_output=True).stdout
    return next(line.split()[1] for line in listed.splitlines() if line.strip().startswith("Candidate:"))


def query(*words):
    return subprocess.run(["dpkg-query", *words], text=True, capture_output=True).stdout


def files_of_packages():
    """The files and links of each package in what is watched, by path; directories belong to many."""
    found = {}
    for package in PACKAGES:
        for listed in query("-L", package).splitlines():
            # A path as the file system has it: /lib is a link.
            path = os.path.join(os.path.realpath(os.path.dirname(listed)), os.path.basename(listed))
            if os.path.lexists(path) and not stat.S_ISDIR(os.lstat(path).st_mode) and is_watched(path):
                found[path] = package
    return found


def is_watched(path):
    return any(path.startswith(watch + "/") for watch in WATCHES)


# What was told ------------------------------------------------------------------------------------------------


def told_during(sensor, act):
    """The changes that are told while `act` runs, and what it returns."""
    before = len(sensor.changes())
    result = act()
    sensor.wait_settled(120)
    return sensor.changes()[before:], result


def said(event):
    """Verdict, reason and severity."""
    package = event["vedette"].get("package", {})
    return package.get("verdict"), package.get("reason"), event["vedette"].get("severity")


def brief(event):
    return (f"{event['message']}: {' '.join(map(str, said(event)))} {event.get('package', {}).get('name')} "
            f"{event['vedette']['source']}")


def is_of(event, package, version, line):
    """Whether the change is told as an expected one of that version, made by that run."""
    told, owner = event["vedette"].get("package", {}), event.get("package", {})
    return (told.get("verdict") == "expected" and event["vedette"]["severity"] == "info"
            and owner.get("name") == package and owner.get("version") == version and owner.get("type") == "deb"
            and told.get("transaction", {}).get("command_line") == " ".join(line))


def all_of(changes, files, versions, line):
    """The files of which no change is told as an expected one."""
    return [
        path for path, package in files.items()
        if not any(is_of(event, package, versions[package], line)
                   for event in changes if event["file"]["path"] == path)]


def suspicious(changes):
    """What would bring somebody out of bed."""
    return [
        event for event in changes
        if said(event)[0] == "unexpected" or said(event)[2] in ("high", "critical")]


def judge(row, text, changes, missing, ok):
    """The verdict over one transaction: all files told, nobody alarmed."""
    false = suspicious(changes)
    counts = {}
    for event in changes:
        counts[said(event)[0]] = counts.get(said(event)[0], 0) + 1
    told = ", ".join(f"{count} {name}" for name, count in counts.items())
    verdict(row, f"{text}: {len(changes)} changes told ({told}), {len(missing)} files not told as expected, "
            f"{len(false)} unexpected or of high severity", ok and not missing and not false)
    for path in missing[:10]:
        note(f"missing: {path}")
        for event in [event for event in changes if event["file"]["path"] == path]:
            note(f"  {brief(event)}")
    for event in false[:10]:
        note(f"false: {brief(event)}")


# The steps ----------------------------------------------------------------------------------------------------


def install(sensor, versions):
    changes, went_well = told_during(sensor, lambda: apt_get("install"))
    files = files_of_packages()
    missing = all_of(changes, files, versions, command("install"))
    judge("fim 9 install", f"apt-get install of {len(files)} files", changes, missing, went_well and len(files) >= 15)
    written = [event for event in changes if event["file"]["path"] in SCRIPTS_WRITE]
    attributed = {
        event["file"]["path"] for event in written
        if said(event)[0] == "attributed" and "transaction" in event["vedette"]["package"]}
    verdict("fim 9 scripts", f"{len(attributed)} of {len(SCRIPTS_WRITE)} files that scripts and triggers wrote are "
            "attributed to the run", attributed == set(SCRIPTS_WRITE))
    for path in set(SCRIPTS_WRITE) - attributed:
        note(f"not attributed: {path}: {[brief(event) for event in written if event['file']['path'] == path]}")


def by_hand(sensor):
    for path in (PROGRAM, DOCUMENT):
        changes, _ = told_during(sensor, lambda: subprocess.run(["sh", "-c", f"echo by hand >> {path}"], check=True))
        check_by_hand(path, changes, "outside_manager", {"sh", "dash", "bash"})
    changes, _ = told_during(sensor, lambda: subprocess.run(["sed", "-i", "1s/^/;; by hand\\n/", CONFIGURATION]))
    event = check_by_hand(CONFIGURATION, changes, "configuration_outside_manager", {"sed"})
    difference = event and event["vedette"].get("diff", {})
    verdict("fim 9 by hand", f"the configuration file's difference is told",
            bool(difference) and "+;; by hand" in str(difference))


def check_by_hand(path, changes, reason, doers):
    """The one change that is told of a file that was changed by hand."""
    events = [event for event in changes if event["file"]["path"] == path]
    event = events[0] if len(events) == 1 else None
    before, after = (event["vedette"].get(name, {}) if event else {} for name in ("before", "after"))
    digests = {str(content.get("sha256")) for content in (before, after)}
    doer = event and os.path.basename(event.get("process", {}).get("executable", ""))
    ok = (event is not None and said(event) == ("unexpected", reason, "high") and len(digests) == 2
          and "None" not in digests and doer in doers and event["process"].get("user", event.get("user")) is not None
          and "transaction" not in event["vedette"]["package"])
    verdict("fim 9 by hand", f"{path} by {doer}: {' '.join(map(str, said(event))) if event else 'not told once'}, "
            f"with {'both' if len(digests) == 2 else 'not both'} digests", ok)
    for one in events if not ok else []:
        note(f"{brief(one)} before {before} after {after}")
    return event


def reinstall(sensor, versions):
    kept = pathlib.Path(CONFIGURATION).read_text()
    changes, went_well = told_during(sensor, lambda: apt_get("install", "--reinstall"))
    files = files_of_packages()
    # What is kept as it is, dpkg does not touch.
    files.pop(CONFIGURATION)
    missing = all_of(changes, files, versions, command("install", "--reinstall"))
    judge("fim 9 reinstall", f"apt-get install --reinstall of {len(files)} files", changes, missing,
          went_well and kept == pathlib.Path(CONFIGURATION).read_text())


def remove(sensor, versions):
    files = files_of_packages()
    configuration = {path: package for path, package in files.items() if path.startswith("/etc/")}
    rest = {path: package for path, package in files.items() if path not in configuration}
    changes, went_well = told_during(sensor, lambda: apt_get("remove"))
    judge("fim 9 remove", f"apt-get remove of {len(rest)} files", changes,
          all_of(changes, rest, versions, command("remove")), went_well)
    changes, went_well = told_during(sensor, lambda: apt_get("purge"))
    judge("fim 9 purge", f"apt-get purge of {len(configuration)} files", changes,
          all_of(changes, configuration, versions, command("purge")), went_well and len(configuration) == 1)
