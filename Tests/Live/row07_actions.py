"""Row 7: what real programs do, told as what their users did."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable

import tree
from harness import Vedette, file_path, note, setting, skip, verdict, workspace


ELSEWHERE = pathlib.Path("/dev/shm/vedette-live-file")
"""On another filesystem than any directory of the tests; a tmpfs everywhere."""

SEARCH_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
"""Where the programs are: root's path need not have all."""


@dataclasses.dataclass(frozen=True)
class Action:
    """Something that a user does below `place`, a directory that the sensor watches."""

    name: str
    #: The executables that may be named as the doer, by their last component.
    doers: frozenset[str]
    prepare: Callable[[pathlib.Path, pathlib.Path], None]
    #: Given the watched place and a scratch directory that is not watched.
    act: Callable[[pathlib.Path, pathlib.Path], None]
    #: The program that must be installed.
    needs: str
    #: Changes of the tree under which the action is not shown at all.
    at_least: int = 1
    #: Names of which further lines are no fault: scratch that lives longer than the settle window.
    scratch: Callable[[str], bool] = lambda name: False
    #: Who may be told to have changed the attributes of a directory; everybody when `None`.
    stampers: frozenset[str] | None = None
    #: Replaces what the tree tells, where the user's view is another one.
    expected: Callable[[list[tree.Expected]], list[tree.Expected]] = lambda changes: changes


class Failed(Exception):
    """The action itself did not work; the text says why."""


def run_program(command: list[str], **options: object) -> None:
    done = subprocess.run(command, text=True, capture_output=True, timeout=120, **options)
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)} ended with {done.returncode}: {done.stdout}{done.stderr}".strip())


def file(name: str, text: str = "one\ntwo\nthree\n") -> Callable[[pathlib.Path, pathlib.Path], None]:
    def prepare(place: pathlib.Path, _: pathlib.Path) -> None:
        (place / name).write_text(text)
    return prepare


def nothing(place: pathlib.Path, scratch: pathlib.Path) -> None:
    """No preparation."""


def command(*words: str) -> Callable[[pathlib.Path, pathlib.Path], None]:
    """An action that is one command; {place} and {scratch} stand for the directories."""
    def act(place: pathlib.Path, scratch: pathlib.Path) -> None:
        run_program([word.format(place=place, scratch=scratch) for word in words], cwd=place)
    return act


def both(*steps: Callable[[pathlib.Path, pathlib.Path], None]) -> Callable[[pathlib.Path, pathlib.Path], None]:
    def prepare(place: pathlib.Path, scratch: pathlib.Path) -> None:
        for step in steps:
            step(place, scratch)
    return prepare


def unnamed_then_linked(place: pathlib.Path, _: pathlib.Path) -> None:
    """A file that has no name until it is complete."""
    script = """if True:
        import ctypes, os, sys
        fd = os.open(sys.argv[1], os.O_TMPFILE | os.O_WRONLY, 0o644)
        os.write(fd, b"complete\\n")
        # AT_FDCWD and AT_EMPTY_PATH.
        sys.exit(ctypes.CDLL(None).linkat(fd, b"", -100, os.fsencode(sys.argv[1] + "/linked"), 0x1000))"""
    run_program([sys.executable, "-c", textwrap.dedent(script), str(place)])


def vim_on_terminal(place: pathlib.Path, _: pathlib.Path) -> None:
    """Opens, types, saves and leaves, as people do."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm"
        os.execvp("vim", ["vim", "-u", "NONE", str(place / "text")])
    read_until(terminal, b"three")
    # Longer than the settle window: the swap file is then no short-lived scratch.
    os.write(terminal, b"ityped \x1b")
    read_until(terminal, b"typed")
    time.sleep(1)
    os.write(terminal, b":wq\r")
    read_until(terminal, None)
    _, status = os.waitpid(child, 0)
    os.close(terminal)
    if status != 0:
        raise Failed(f"vim ended with {status}")


def read_until(terminal: int, wanted: bytes | None, seconds: float = 15) -> None:
    """Reads the terminal until `wanted` is on it, or until its program has ended."""
    seen, deadline = b"", time.monotonic() + seconds
    while wanted is None or wanted not in seen:
        if not select.select([terminal], [], [], max(0, deadline - time.monotonic()))[0]:
            raise Failed(f"the terminal showed {seen[-200:]!r} and nothing more")
        try:
            data = os.read(terminal, 4096)
        except OSError:
            data = b""
        if not data:
            if wanted is None:
                return
            raise Failed(f"the program on the terminal ended: {seen[-200:]!r}")
        seen += data


def build_package(scratch: pathlib.Path, place: pathlib.Path, version: str, names: list[str]) -> str:
    """A Debian package with files in `place`."""
    source = scratch / f"package-{version}"
    shutil.rmtree(source, ignore_errors=True)
    inside = source / str(place / "pkg").lstrip("/")
    inside.mkdir(parents=True)
    for name in names:
        (inside / name).write_text(f"{name} of {version}\n")
    (source / "DEBIAN").mkdir()
    (source / "DEBIAN/control").write_text(
        f"Package: vedette-live\nVersion: {version}\nArchitecture: all\nMaintainer: nobody <nobody@localhost>\n"
        "Description: files for a live test\n")
    target = scratch / f"{version}.deb"
    run_program(["dpkg-deb", "--build", "--root-owner-group", str(source), str(target)])
    return str(target)


def dpkg(version: str, *names: str) -> Callable[[pathlib.Path, pathlib.Path], None]:
    """Installs that version with a package database of the test's own."""
    def act(place: pathlib.Path, scratch: pathlib.Path) -> None:
        database = scratch / "dpkg"
        (database / "updates").mkdir(parents=True, exist_ok=True)
        (database / "info").mkdir(exist_ok=True)
        (database / "status").touch()
        package = build_package(scratch, place, version, list(names))
        run_program(["dpkg", f"--admindir={database}", "--instdir=/", "--force-depends", "-i", package])
    return act


def git(*words: str) -> Callable[[pathlib.Path, pathlib.Path], None]:
    return command("git", "--git-dir={scratch}/repository", "--work-tree={place}", "-c", "user.name=a",
                   "-c", "user.email=a@localhost", "-c", "gc.auto=0", "-c", "init.defaultBranch=one", *words)


def two_branches(place: pathlib.Path, scratch: pathlib.Path) -> None:
    git("init", "-q")(place, scratch)
    for branch, names in (("one", ["kept", "changed", "gone"]), ("two", ["kept", "changed", "new"])):
        git("checkout", "-q", "--orphan", branch)(place, scratch)
        for path in place.iterdir():
            path.unlink()
        for name in names:
            (place / name).write_text("kept\n" if name == "kept" else f"{branch}\n")
        git("add", "-A")(place, scratch)
        git("commit", "-q", "-m", branch)(place, scratch)
    git("checkout", "-q", "one")(place, scratch)


def user_files(place: pathlib.Path, _: pathlib.Path) -> None:
    etc = place / "etc"
    etc.mkdir()
    for name in ("passwd", "shadow", "group", "gshadow", "subuid", "subgid", "login.defs"):
        if pathlib.Path("/etc", name).exists():
            shutil.copy2(pathlib.Path("/etc", name), etc / name)


def archive(place: pathlib.Path, scratch: pathlib.Path) -> None:
    source = scratch / "archived"
    shutil.rmtree(source, ignore_errors=True)
    (source / "sub").mkdir(parents=True)
    for name in ("a", "b", "sub/c"):
        (source / name).write_text(f"{name} {time.monotonic_ns()}\n")
    (source / "link").symlink_to("a")
    run_program(["tar", "-C", str(source), "-cf", str(scratch / "archive.tar"), "sub", "a", "b", "link"])


def source_tree(place: pathlib.Path, scratch: pathlib.Path) -> None:
    source = scratch / "source"
    source.mkdir(exist_ok=True)
    for name in ("a", "b"):
        (source / name).write_text(f"{name} {time.monotonic_ns()}\n")


def source_elsewhere(place: pathlib.Path, scratch: pathlib.Path) -> None:
    """A file on another filesystem."""
    ELSEWHERE.write_text("from elsewhere\n")


def image(place: pathlib.Path, scratch: pathlib.Path) -> None:
    """The lower layer of a container: a shell and a few files. `place` becomes the upper layer."""
    lower = scratch / "lower"
    shutil.rmtree(lower, ignore_errors=True)
    for name in ("bin", "proc", "etc"):
        (lower / name).mkdir(parents=True)
    shutil.copy2(shutil.which("busybox") or "/bin/busybox", lower / "bin/busybox")
    (lower / "bin/sh").symlink_to("busybox")
    (lower / "etc/conf").write_text("one\ntwo\n")
    # The overlay's scratch directory must be on the filesystem of the upper layer.
    for name in ("merged", "work"):
        shutil.rmtree(scratch / name, ignore_errors=True)
        (scratch / name).mkdir()


def in_container(script: str) -> Callable[[pathlib.Path, pathlib.Path], None]:
    """Runs a script in mount, pid and UTS namespaces of its own, on an overlay whose upper layer is `place`."""
    def act(place: pathlib.Path, scratch: pathlib.Path) -> None:
        set_up = textwrap.dedent(f"""\
            mount -t overlay -o lowerdir={scratch}/lower,upperdir={place},workdir={scratch}/work overlay {scratch}/merged
            exec chroot {scratch}/merged /bin/busybox sh -c '{script}'
            """)
        run_program(["unshare", "-m", "-p", "-f", "-u", "sh", "-ec", set_up])
    return act


def in_the_container(*kinds: str) -> Callable[[list[tree.Expected]], list[tree.Expected]]:
    """What the container's user did to the file, told of its name in the upper layer.

    The upper layer itself shows a new file where one was changed, a character device where one was deleted, and
    new directories above them.
    """
    def expected(changes: list[tree.Expected]) -> list[tree.Expected]:
        return [
            dataclasses.replace(change, kinds=frozenset(kinds))
            for change in changes if change.path.endswith("/conf")]
    return expected


def doers(*names: str) -> frozenset[str]:
    """The names, and what they stand for: `vim` is `vim.basic`, `sh` is `dash`."""
    found = set(names)
    for name in names:
        path = shutil.which(name, path=SEARCH_PATH)
        if path is not None:
            found.add(os.path.basename(os.path.realpath(path)))
    return frozenset(found)


def vim_scratch(name: str) -> bool:
    return name.endswith((".swp", ".swpx", ".swx", "~")) or name == "4913"


def unused_lock(name: str) -> bool:
    """useradd -N locks the groups too, and then changes none: that file came and went for nothing."""
    return re.fullmatch(r"group\.(lock|\d+)", name) is not None


VIM = ("vim", "-u", "NONE", "-es")
ACTIONS = [
    Action("vim -es", doers("vim"), file("text"),
           command(*VIM, "-c", "normal ityped ", "-c", "wq", "{place}/text"), "vim"),
    Action("vim on a terminal", doers("vim"), file("text"), vim_on_terminal, "vim", scratch=vim_scratch),
    Action("sed -i", doers("sed"), file("text"), command("sed", "-i", "s/two/2/", "{place}/text"), "sed"),
    Action("echo >>", doers("sh"), file("text"), command("sh", "-c", "echo four >> {place}/text"), "sh"),
    # The shell opens the file, and what it executes then writes.
    Action("date >>", doers("date"), file("text"), command("sh", "-c", "exec date >> {place}/text"), "date"),
    Action("O_TMPFILE and link", doers(sys.executable), nothing, unnamed_then_linked, sys.executable),
    Action("truncate", doers("truncate"), file("text"), command("truncate", "-s", "4", "{place}/text"), "truncate"),
    Action("dpkg -i", doers("dpkg"), nothing, dpkg("1.0", "a", "b", "c"), "dpkg", 4),
    Action("dpkg -i, upgrade", doers("dpkg"), dpkg("1.0", "a", "b", "c"), dpkg("2.0", "a", "b", "d"), "dpkg", 4),
    Action("rsync", doers("rsync"), source_tree, command("rsync", "-a", "{scratch}/source/", "{place}/"), "rsync", 2),
    Action("rsync, again", doers("rsync"),
           both(source_tree, command("rsync", "-a", "{scratch}/source/", "{place}/"), source_tree),
           command("rsync", "-a", "--checksum", "{scratch}/source/", "{place}/"), "rsync", 2),
    Action("git checkout", doers("git"), two_branches, git("checkout", "-q", "two"), "git", 3),
    Action("useradd", doers("useradd"), user_files,
           command("/usr/sbin/useradd", "--prefix", "{place}", "-M", "-N", "vedettelive"), "useradd", 2,
           scratch=unused_lock),
    Action("install", doers("install"), source_tree,
           command("install", "-m", "600", "{scratch}/source/a", "{place}/target"), "install"),
    Action("install over", doers("install"), both(source_tree, file("target")),
           command("install", "-m", "600", "{scratch}/source/a", "{place}/target"), "install"),
    Action("mv", doers("mv"), file("old"), command("mv", "{place}/old", "{place}/new"), "mv"),
    Action("mv over", doers("mv"), both(file("old"), file("new", "other\n")),
           command("mv", "-f", "{place}/old", "{place}/new"), "mv"),
    Action("mv of a directory", doers("mv"), both(command("mkdir", "{place}/dir"), file("dir/inside")),
           command("mv", "{place}/dir", "{place}/moved"), "mv"),
    Action("mv from another filesystem", doers("mv"), source_elsewhere,
           command("mv", str(ELSEWHERE), "{place}/file"), "mv"),
    Action("mv to another filesystem", doers("mv"), file("file"),
           command("mv", "{place}/file", str(ELSEWHERE)), "mv"),
    Action("tar x", doers("tar"), archive, command("tar", "-C", "{place}", "-xf", "{scratch}/archive.tar"), "tar", 5),
    Action("tar x over", doers("tar"),
           both(archive, command("tar", "-C", "{place}", "-xf", "{scratch}/archive.tar"), archive),
           command("tar", "-C", "{place}", "-xf", "{scratch}/archive.tar"), "tar", 4),
    Action("cp", doers("cp"), source_tree, command("cp", "{scratch}/source/a", "{place}/a"), "cp"),
    Action("ln", doers("ln"), file("text"), command("ln", "{place}/text", "{place}/second"), "ln"),
    Action("chmod", doers("chmod"), file("text"), command("chmod", "600", "{place}/text"), "chmod"),
    Action("rm", doers("rm"), file("text"), command("rm", "{place}/text"), "rm"),
    Action("container: echo >>", doers("busybox"), image, in_container("echo three >> /etc/conf"), "busybox",
           stampers=doers("mount"), expected=in_the_container("modified")),
    Action("container: sed -i", doers("busybox"), image,
           in_container("/bin/busybox sed -i s/two/2/ /etc/conf"), "busybox",
           stampers=doers("mount"), expected=in_the_container("replaced")),
    Action("container: rm", doers("busybox"), image, in_container("/bin/busybox rm /etc/conf"), "busybox",
           stampers=doers("mount"), expected=in_the_container("deleted")),
]


def run():
    """One vedette runs through all of them."""
    with workspace() as watched, workspace() as scratch:
        with Vedette(watched) as vedette:
            for number, action in enumerate(ACTIONS):
                if setting("ACTION", "") not in action.name:
                    continue
                if shutil.which(action.needs, path=SEARCH_PATH) is None:
                    skip(f"7 {action.name}", f"{action.needs} is not installed")
                    continue
                try:
                    show(action, pathlib.Path(watched, str(number)), pathlib.Path(scratch, str(number)), vedette)
                except (Failed, OSError) as failure:
                    verdict(f"7 {action.name}", str(failure), False)
            ELSEWHERE.unlink(missing_ok=True)
            code, summary = vedette.stop()
            if code != 0:
                verdict("7 end", f"vedette ended with {code}: {summary}", False)


def show(action, place, scratch, vedette):
    place.mkdir()
    scratch.mkdir()
    action.prepare(place, scratch)
    before = tree.look(place)
    drain(vedette, place)
    begin = len(vedette.events)
    action.act(place, scratch)
    drain(vedette, place)
    after = tree.look(place)
    expected = action.expected(tree.changes(before, after))
    marks = place.name + "-mark-"
    events = [event for event in vedette.events[begin:] if marks not in (file_path(event) or "")]
    directories = {path for path, entry in {**before, **after}.items() if entry.is_directory} | {str(place)}
    found, tolerated = problems(action, expected, events, directories)
    if len(expected) < action.at_least:
        found.append(f"the tree shows only {len(expected)} changes: {list(map(str, expected))}")
    counts = f"{len(expected)} changes, {len(events)} lines, {len(tolerated)} tolerated, {len(found)} wrong"
    verdict(f"7 {action.name}", counts, not found)
    for text in found[:10] + tolerated[:5]:
        note(text)
    for event in events if found else []:
        note(json.dumps(event, ensure_ascii=False)[:1500])


def drain(vedette, place):
    """Waits until everything that happened before now has come out.

    Two marks, one after the other: when the second is out, whatever waited for the settle window or for audit
    when the first was made has been decided.
    """
    for _ in range(2):
        mark = place.parent / f"{place.name}-mark-{time.monotonic_ns()}"
        mark.write_text("mark\n")
        if vedette.wait_for(lambda event: file_path(event) == str(mark), 30) is None:
            raise Failed(f"no line about {mark} within 30 s")


def problems(action, expected, events, directories):
    """What is wrong with the lines about an action, and which lines are neither asked for nor wrong."""
    found, tolerated = [], []
    left = list(events)
    for change in expected:
        told = [event for event in left if file_path(event) == change.path]
        left = [event for event in left if file_path(event) != change.path]
        if len(told) != 1:
            found.append(f"{change}: told {len(told)} times: {[event['event']['action'] for event in told]}")
        for event in told:
            found += line_problems(action, change, event)
    for event in left:
        path, kind = file_path(event), event["event"]["action"]
        # Time stamps of directories, and scratch that outlived the settle window, are told but not asked for.
        doer = os.path.basename(event.get("process", {}).get("executable", ""))
        stamps = path in directories and kind == "attributes" and doer in (action.stampers or {doer})
        accepted = kind == "coverage" or stamps or (path is not None and action.scratch(os.path.basename(path)))
        sort = tolerated if accepted else found
        sort.append(f"told without a change: {event.get('message', kind)}")
    return found, tolerated


def line_problems(action, change, event):
    found = []
    kind, executable = event["event"]["action"], event.get("process", {}).get("executable", "nobody")
    if kind not in change.kinds:
        found.append(f"{change}: told as {kind}")
    if os.path.basename(executable) not in action.doers:
        found.append(f"{change}: said to be done by {executable}")
    previous = event.get("vedette", {}).get("file", {}).get("previous_path")
    if change.previous is not None and previous != change.previous:
        found.append(f"{change}: said to come from {previous}")
    return found
