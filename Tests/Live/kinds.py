"""One small change of each kind, made by a program of its own; and what must be told of it.

Every kind has a directory of its own below the watched one, named after it.
"""

from __future__ import annotations

import dataclasses
import errno
import os
import pathlib
import shutil
import subprocess
import sys

from harness import tester

USER = 4711
"""Who makes the changes that need neither root nor a program that may be in root's own directory."""

TEXT = "one\ntwo\nthree\n"
LONG_AGO = 1_000_000_000

REFUSED = 95
"""The exit code of a program that the filesystem refuses what it asks."""


@dataclasses.dataclass(frozen=True, eq=False)
class Kind:
    """A kind of change. In paths and words, {here} is its watched directory, {away} one that is not watched."""

    name: str
    command: list[str]
    #: What is to be told of which name below {here}.
    action: str
    told: str
    #: What is there before.
    files: tuple[str, ...] = ("{here}/file",)
    directories: tuple[str, ...] = ()
    previous: str | None = None
    user: int = USER
    #: Its paths, where that is not the first word of the command.
    executables: tuple[str, ...] = ()
    #: No event reports it: a scan finds it, and cannot know who did it.
    by_scan: bool = False
    #: What else may be told, and is true: (action, name below {here}).
    also: tuple[tuple[str, str], ...] = ()
    #: Undone after the test, so that the tree can be removed.
    undo: list[str] | None = None


def python(text: str) -> list[str]:
    return [sys.executable, "-S", "-E", "-c", text]


UNNAMED = """
import ctypes, os
fd = os.open("{here}", os.O_TMPFILE | os.O_WRONLY, 0o644)
os.write(fd, b"complete")
# By number it would take a capability. A directory's descriptor makes Python call linkat(2).
os.link("/proc/self/fd/%d" % fd, "{here}/new", src_dir_fd=0, follow_symlinks=True)
"""

COPY_RANGE = """
import os
source, target = os.open("{here}/other", os.O_RDONLY), os.open("{here}/file", os.O_WRONLY)
os.copy_file_range(source, target, 4)
"""

CLONE = f"""
import fcntl, os, sys
source, target = os.open("{{here}}/other", os.O_RDONLY), os.open("{{here}}/file", os.O_WRONLY)
try:
    # FICLONE.
    fcntl.ioctl(target, 0x40049409, source)
except OSError as problem:
    sys.exit({REFUSED} if problem.errno in ({errno.EOPNOTSUPP}, {errno.ENOTTY}, {errno.EINVAL}) else 1)
"""

PYTHON = os.path.realpath(sys.executable)

IN_CONTAINER = ("/bin/busybox", "{away}/merged/bin/busybox")
"""Seen from inside, and from outside."""

UPPER_LAYER = (("attributes", ""),)
"""The kernel marks the directory with extended attributes when it is mounted."""


def in_container(script: str) -> list[str]:
    """Runs busybox in a mount namespace of its own, on an overlay whose upper layer is {here}."""
    return ["unshare", "-m", "-u", "sh", "-ec",
            "mount -t overlay -o lowerdir={away}/lower,upperdir={here},workdir={away}/work overlay {away}/merged; "
            f"exec chroot {{away}}/merged /bin/busybox sh -c '{script}'"]


def kinds() -> list[Kind]:
    sh = "/bin/sh"
    return [
        Kind("create", [sh, "-c", "echo x > {here}/new"], "created", "new", files=()),
        Kind("write", ["dd", "if=/dev/zero", "of={here}/file", "bs=4", "count=1", "conv=notrunc", "status=none"],
             "modified", "file"),
        Kind("append", [sh, "-c", "echo four >> {here}/file"], "modified", "file"),
        Kind("truncate", ["truncate", "-s", "4", "{here}/file"], "modified", "file"),
        Kind("fallocate", ["fallocate", "-l", "8192", "{here}/file"], "modified", "file"),
        Kind("copy-file-range", python(COPY_RANGE), "modified", "file", files=("{here}/file", "{here}/other"),
             user=0, executables=(PYTHON,)),
        Kind("reflink", python(CLONE), "modified", "file", files=("{here}/file", "{here}/other"),
             user=0, executables=(PYTHON,)),
        Kind("mmap", [tester("unreported"), "mmap", "{here}/file"], "modified", "file", user=0),
        Kind("touch", ["touch", "-d", f"@{LONG_AGO}", "{here}/file"], "attributes", "file"),
        Kind("chmod", ["chmod", "600", "{here}/file"], "attributes", "file"),
        Kind("chown", ["chown", "4712:4712", "{here}/file"], "attributes", "file", user=0),
        Kind("xattr", ["setfattr", "-n", "user.vedette", "-v", "1", "{here}/file"], "attributes", "file"),
        Kind("acl", ["setfacl", "-m", "u:1:r", "{here}/file"], "attributes", "file"),
        Kind("capability", ["setcap", "cap_net_raw+ep", "{here}/file"], "attributes", "file", user=0),
        Kind("immutable", ["chattr", "+i", "{here}/file"], "attributes", "file", user=0, by_scan=True,
             undo=["chattr", "-i", "{here}/file"]),
        Kind("rename", ["mv", "{here}/file", "{here}/new"], "renamed", "new", previous="file"),
        Kind("rename-over", ["mv", "-f", "{here}/file", "{here}/other"], "renamed", "other", previous="file",
             files=("{here}/file", "{here}/other")),
        Kind("link", ["ln", "{here}/file", "{here}/second"], "linked", "second"),
        Kind("symlink", ["ln", "-s", "file", "{here}/symbolic"], "created", "symbolic"),
        Kind("unlink", ["rm", "{here}/file"], "deleted", "file"),
        Kind("mkdir", ["mkdir", "{here}/directory"], "created", "directory", files=()),
        Kind("rmdir", ["rmdir", "{here}/directory"], "deleted", "directory", files=(),
             directories=("{here}/directory",)),
        Kind("tmpfile-link", python(UNNAMED), "created", "new", files=(), user=0, executables=(PYTHON,)),
        Kind("directory-in", ["mv", "{away}/directory", "{here}/directory"], "created", "directory",
             files=("{away}/directory/inside",), directories=("{away}/directory",),
             also=(("created", "directory/inside"),)),
        Kind("directory-out", ["mv", "{here}/directory", "{away}/directory"], "deleted", "directory",
             files=("{here}/directory/inside",), directories=("{here}/directory",),
             also=(("deleted", "directory/inside"),)),
        Kind("overlay-copy-up", in_container("echo four >> /lower"), "modified", "lower", files=(), user=0,
             executables=IN_CONTAINER, also=UPPER_LAYER),
        # Its content is in the upper layer already.
        Kind("overlay-write", in_container("echo four >> /file"), "modified", "file", user=0,
             executables=IN_CONTAINER, also=UPPER_LAYER, by_scan=release() < (6, 5)),
    ]


def release() -> tuple[int, int]:
    """Of the kernel: (6, 1)."""
    major, minor = os.uname().release.split(".")[:2]
    return int(major), int(minor)


def prepare(kind: Kind, here: pathlib.Path, away: pathlib.Path) -> None:
    for directory in (here, away, *(pathlib.Path(placed(path, here, away)) for path in kind.directories)):
        directory.mkdir()
    for path in kind.files:
        pathlib.Path(placed(path, here, away)).write_text(TEXT if path.endswith("/file") else TEXT * 2)
    if kind.name.startswith("overlay"):
        prepare_lower(away)
    for top in (here, away):
        for directory, _, files in os.walk(top):
            for path in (directory, *(os.path.join(directory, name) for name in files)):
                os.chown(path, kind.user, kind.user)


def prepare_lower(away: pathlib.Path) -> None:
    for name in ("lower/bin", "work", "merged"):
        (away / name).mkdir(parents=True)
    shutil.copy2(shutil.which("busybox") or "/bin/busybox", away / "lower/bin/busybox")
    (away / "lower/lower").write_text(TEXT)


def placed(text: str, here: pathlib.Path, away: pathlib.Path) -> str:
    return text.replace("{here}", str(here)).replace("{away}", str(away))


def executables(kind: Kind, here: pathlib.Path, away: pathlib.Path) -> list[str]:
    """`/bin/sh` is `/usr/bin/dash`."""
    program = kind.command[0]
    names = kind.executables or (os.path.realpath(shutil.which(program) or program),)
    return [placed(name, here, away) for name in names]


def start(words: list[str], user: int) -> subprocess.Popen:
    return subprocess.Popen(words, user=user, group=user, extra_groups=[], cwd="/", stdin=subprocess.DEVNULL,
                            stderr=subprocess.PIPE, text=True)
