"""What a host does all day: builds, packages, containers, logs, users, edits. Each action undoes what it changed on
the host, at the latest when the day is over.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable

from harness import tester
from row07_actions import VIM, image, in_container
from sensor import Sensor

ETC = pathlib.Path("/etc/vedette-day")
"""Configuration that the day makes, edits and takes away."""

BINARIES = pathlib.Path("/usr/local/bin")

ARCHIVE_PACKAGES = ["hello", "tree", "sl", "cowsay", "figlet", "libtommath1"]
"""Small ones; those that the host has are left alone."""

ARCHIVES = pathlib.Path("/var/cache/apt/archives")


class Impossible(Exception):
    """This host has not what the action needs."""


@dataclasses.dataclass(frozen=True)
class Declared:
    """Something that must be told with high severity."""

    path: str
    #: Seconds since 1970.
    time: float
    why: str


class Day:
    """Where the day takes place, and what has to be undone after it."""

    def __init__(self, place: pathlib.Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.scratch = place / "scratch"
        #: Watched.
        self.home = place / "home"
        self.declared: list[Declared] = []
        self.cleanup = contextlib.ExitStack()
        self.sensor: Sensor | None = None
        self.writer: subprocess.Popen[str] | None = None
        self.packages: list[str] = []
        self.installed: set[str] = set()
        self.own_version: str | None = None
        for path in (self.scratch, self.home):
            path.mkdir()

    def __enter__(self) -> Day:
        downloads = set(ARCHIVES.glob("*.deb"))
        self.cleanup.callback(lambda: [path.unlink() for path in set(ARCHIVES.glob("*.deb")) - downloads])
        self.packages = [name for name in ARCHIVE_PACKAGES if not is_installed(name)]
        self.cleanup.callback(purge_all, self)
        ETC.mkdir(exist_ok=True)
        self.cleanup.callback(shutil.rmtree, ETC, ignore_errors=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.cleanup.close()

    def declare(self, path: os.PathLike[str] | str, why: str) -> None:
        self.declared.append(Declared(str(path), time.time(), why))


def run(*words: object, quiet: bool = True, **options: object) -> str:
    """Runs a command to its end; raises with its last words when it fails."""
    done = subprocess.run(
        list(map(str, words)), text=True, capture_output=quiet, timeout=300, stdin=subprocess.DEVNULL,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"},
        **options)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, words))}: {done.returncode}: {(done.stdout + done.stderr)[-300:]}")
    return done.stdout


def needs(*programs: str) -> None:
    for program in programs:
        if not shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            raise Impossible(f"{program} is missing")


# Developers ----------------------------------------------------------------------------------------------------

MAKEFILE = """\
all: program
program: main.o part.o
\t$(CC) -o $@ $^
%.o: %.c
\t$(CC) -O1 -c -o $@ $<
install: all
\tinstall -D -m 755 program $(DESTDIR)/bin/program
clean:
\trm -f program *.o
"""


def project(day: Day) -> pathlib.Path:
    """A small C project under version control, in a home directory."""
    path = day.home / "project"
    if not path.exists():
        path.mkdir()
        (path / "Makefile").write_text(MAKEFILE)
        (path / "main.c").write_text("int part(void);\nint main(void) { return part(); }\n")
        (path / "part.c").write_text("int part(void) { return 0; }\n")
        git(path, "init", "-q")
        git(path, "add", ".")
        git(path, "commit", "-q", "-m", "begin")
    return path


def git(path: pathlib.Path, *words: str) -> str:
    return run("git", "-C", path, "-c", "user.name=day", "-c", "user.email=day@localhost", *words)


def build(day: Day) -> None:
    needs("gcc", "make", "git")
    path = project(day)
    with open(path / "part.c", "a") as source:
        source.write(f"int f{time.monotonic_ns()}(void) {{ return {day.random.randrange(100)}; }}\n")
    run("make", "-s", "-j2", cwd=path)
    run("make", "-s", "install", f"DESTDIR={day.home}/install", cwd=path)
    if day.random.random() < 0.5:
        run("make", "-s", "clean", cwd=path)


def version_control(day: Day) -> None:
    needs("git")
    path = project(day)
    (path / f"note{day.random.randrange(20)}.txt").write_text(f"{time.monotonic_ns()}\n")
    git(path, "add", "-A", "*.txt", "*.c")
    git(path, "commit", "-q", "-m", "more")
    git(path, "checkout", "-q", "-B", "topic", "HEAD~1")
    git(path, "checkout", "-q", "master" if "master" in git(path, "branch") else "main")
    git(path, "gc", "-q")


def virtual_environment(day: Day) -> None:
    target = day.home / "venv"
    run("python3", "-m", "venv", "--without-pip", "--clear", target)


def archive(day: Day) -> None:
    needs("tar", "rsync")
    run("tar", "-C", day.home, "-czf", day.scratch / "home.tar.gz", "--exclude=restored", ".")
    (day.home / "restored").mkdir(exist_ok=True)
    run("tar", "-C", day.home / "restored", "-xzf", day.scratch / "home.tar.gz")
    run("rsync", "-a", "--delete", f"{day.home}/restored/", f"{day.scratch}/mirror/")


def storm(day: Day) -> None:
    """Many short commands, as of a configure script."""
    run(tester("forkstorm"), day.random.randrange(500, 3_000), tester("nothing"))


# Packages ------------------------------------------------------------------------------------------------------

def is_installed(package: str) -> bool:
    status = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Status}", package], text=True, capture_output=True)
    return status.stdout not in ("", "not-installed")


def apt(*words: object) -> None:
    run("apt-get", "-y", "-q", "-o", "DPkg::Lock::Timeout=60", *words)


def archive_package(day: Day) -> None:
    """Installs, installs again or removes a package of the distribution."""
    needs("apt-get")
    if not day.packages:
        raise Impossible("all of the packages are installed")
    name = day.random.choice(day.packages)
    if name not in day.installed:
        day.installed.add(name)
        apt("install", "--no-install-recommends", name)
    elif day.random.random() < 0.4:
        apt("install", "--reinstall", name)
    else:
        apt(day.random.choice(["remove", "purge"]), name)
        day.installed.discard(name)


def own_package(day: Day) -> None:
    """Installs a package of the test's own, upgrades it, and purges it."""
    needs("apt-get", "dpkg-deb")
    following = {None: "1.0", "1.0": "2.0", "2.0": None}[day.own_version]
    if following:
        apt("install", build_package(day, following))
    else:
        apt("purge", "vedette-day")
    day.own_version = following


def build_package(day: Day, version: str) -> pathlib.Path:
    """A package with a program, a configuration file and a maintainer script."""
    source, target = day.scratch / f"package-{version}", day.scratch / f"vedette-day_{version}_all.deb"
    shutil.rmtree(source, ignore_errors=True)
    files = {"usr/bin/vedette-day": f"#!/bin/sh\necho {version}\n", "etc/vedette-day.conf": f"version {version}\n",
             "usr/share/doc/vedette-day/copyright": "free\n"}
    for name, text in files.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text)
    (source / "usr/bin/vedette-day").chmod(0o755)
    control = source / "DEBIAN"
    control.mkdir()
    (control / "control").write_text(
        f"Package: vedette-day\nVersion: {version}\nArchitecture: all\nMaintainer: nobody <nobody@localhost>\n"
        "Description: files for a live test\n")
    (control / "conffiles").write_text("/etc/vedette-day.conf\n")
    (control / "md5sums").write_text(run("md5sum", *[name for name in files if not name.startswith("etc")], cwd=source))
    (control / "postinst").write_text("#!/bin/sh\nset -e\ndate > /etc/vedette-day.generated\n")
    (control / "postrm").write_text("#!/bin/sh\nset -e\nrm -f /etc/vedette-day.generated\n")
    for script in ("postinst", "postrm"):
        (control / script).chmod(0o755)
    run("dpkg-deb", "--build", "--root-owner-group", source, target)
    return target


def purge_all(day: Day) -> None:
    left = [name for name in [*day.packages, "vedette-day"] if is_installed(name)]
    if left:
        apt("purge", *left)


def alternatives(day: Day) -> None:
    needs("update-alternatives", "ldconfig")
    name, link = "vedette-day-editor", "/usr/bin/vedette-day-editor"
    day.cleanup.callback(subprocess.run, ["update-alternatives", "--remove-all", name], capture_output=True)
    run("update-alternatives", "--install", link, name, "/bin/true", "10")
    run("update-alternatives", "--install", link, name, "/bin/false", "20")
    run("update-alternatives", "--remove-all", name)
    run("ldconfig")


# Containers ----------------------------------------------------------------------------------------------------

def container(day: Day) -> None:
    needs("busybox", "unshare")
    base = day.scratch / "container"
    upper = base / "upper"
    shutil.rmtree(base, ignore_errors=True)
    upper.mkdir(parents=True)
    image(upper, base)
    in_container("echo three >> /etc/conf; for i in 1 2 3 4 5; do echo $i > /etc/file$i; done; rm /etc/file3; "
                 "/bin/busybox sed -i s/two/2/ /etc/conf")(upper, base)


# Logs ----------------------------------------------------------------------------------------------------------

WRITER = """
import signal, sys, time
def reopen(*_):
    global log
    log = open(sys.argv[1], "a", buffering=1)
reopen()
signal.signal(signal.SIGUSR1, reopen)
print("ready", flush=True)
while True:
    log.write(f"{time.time()} something happened\\n")
    time.sleep(0.5)
"""


def start_log_writer(day: Day) -> subprocess.Popen:
    writer = subprocess.Popen(
        ["python3", "-c", WRITER, str(day.home / "application.log")], stdout=subprocess.PIPE, text=True)
    day.cleanup.callback(stop_log_writer, day)
    writer.stdout.readline()
    return writer


def stop_log_writer(day: Day) -> None:
    if day.writer is not None:
        day.writer.kill()
        day.writer.wait()
        day.writer = None


def rotate(day: Day) -> None:
    """As logrotate does: shift, rename, signal, compress the old one later."""
    needs("gzip")
    if day.writer is None:
        day.writer = start_log_writer(day)
    log = day.home / "application.log"
    for number in range(4, 1, -1):
        old = day.home / f"application.log.{number - 1}.gz"
        if old.exists():
            old.rename(day.home / f"application.log.{number}.gz")
    log.rename(day.home / "application.log.1")
    day.writer.send_signal(signal.SIGUSR1)
    time.sleep(1)
    run("gzip", "-f", day.home / "application.log.1")


def rotate_alerts(day: Day) -> None:
    """The alert file by hand, with the sensor's signal: whoever moves alerts away is told of."""
    path = day.sensor.alerts
    kept = path.with_name(f"alerts.json.{len(list(path.parent.iterdir())) + 100}")
    day.declare(path, "the alert file moved away by hand")
    path.rename(kept)
    day.sensor.process.send_signal(signal.SIGUSR1)


# Users ---------------------------------------------------------------------------------------------------------

def accounts(day: Day) -> None:
    """In a tree of their own: the host's accounts stay as they are."""
    needs("useradd", "usermod", "userdel")
    tree = day.home / "prefix"
    etc = tree / "etc"
    if not etc.exists():
        etc.mkdir(parents=True)
        for name in ("passwd", "shadow", "group", "gshadow", "subuid", "subgid", "login.defs"):
            if pathlib.Path("/etc", name).exists():
                shutil.copy2(pathlib.Path("/etc", name), etc / name)
    run("useradd", "--prefix", tree, "-M", "-N", "vedetteday")
    run("usermod", "--prefix", tree, "-c", f"day {time.time_ns()}", "vedetteday")
    run("usermod", "--prefix", tree, "-p", "!", "vedetteday")
    run("userdel", "--prefix", tree, "vedetteday")


def sessions(day: Day) -> None:
    """People come, look around and go."""
    needs("runuser", "setpriv", "su")
    look = "id; ls /etc > /dev/null; cat /etc/passwd > /dev/null; uptime > /dev/null; head -1 /etc/hosts"
    run("runuser", "-u", "nobody", "--", "sh", "-c", look)
    run("setpriv", "--reuid", "65534", "--clear-groups", "sh", "-c", look)
    run("su", "-s", "/bin/sh", "-c", look, "nobody")


# Administrators ------------------------------------------------------------------------------------------------

def edits(day: Day) -> None:
    """Configuration edited in all the ways that people have."""
    needs("vim", "sed")
    path = ETC / "service.conf"
    if not path.exists():
        path.write_text("port 80\nname day\n")
    run(*VIM, "-c", "normal Oadded by vim", "-c", "wq", path)
    run("sed", "-i", f"s/^port .*/port {day.random.randrange(1, 9999)}/", path)
    run("sh", "-c", f"echo '# {time.time_ns()}' >> {path}")
    run("cp", "-a", path, f"{path}.backup")
    run("chmod", day.random.choice(["600", "640", "644"]), path)
    run("mv", f"{path}.backup", path)


def crontab(day: Day) -> None:
    """As crontab(1) does: a new file beside the old one, renamed over it."""
    (ETC / "cron.d").mkdir(exist_ok=True)
    new = ETC / "cron.d" / f"tmp.{day.random.randrange(10**6)}"
    new.write_text(f"{day.random.randrange(60)} * * * * root true\n")
    new.chmod(0o600)
    new.rename(ETC / "cron.d" / "job")
    if day.random.random() < 0.3:
        (ETC / "cron.d" / "job").unlink()


# What must be told ---------------------------------------------------------------------------------------------

def replaced_binary(day: Day) -> None:
    """A program of the administrator's, replaced by hand."""
    target = BINARIES / "vedette-day-tool"
    day.cleanup.callback(target.unlink, missing_ok=True)
    day.declare(target, "a program in /usr/local/bin, replaced by hand")
    source = day.scratch / "tool"
    source.write_text(f"#!/bin/sh\necho {time.time_ns()}\n")
    run("install", "-m", "755", source, target)
    run("cp", source, target)


def changed_package_file(day: Day) -> None:
    """A program that a package has, changed by hand, and put back by the package manager."""
    needs("apt-get", "dpkg-deb")
    if day.own_version is None:
        own_package(day)
    target = "/usr/bin/vedette-day"
    day.declare(target, "a package's program, changed by hand")
    run("sh", "-c", f"echo '# by hand' >> {target}")
    time.sleep(3)
    apt("install", "--reinstall", build_package(day, day.own_version))



ORDINARY: list[tuple[Callable[[Day], None], int]] = [
    (build, 4), (version_control, 3), (virtual_environment, 1), (archive, 2), (storm, 3), (archive_package, 5),
    (own_package, 3), (alternatives, 1), (container, 3), (rotate, 3), (accounts, 3), (sessions, 4), (edits, 4),
    (crontab, 2),
]
"""With their weights."""

DELIBERATE: list[Callable[[Day], None]] = [replaced_binary, changed_package_file, rotate_alerts]
"""Each is done twice a day."""
