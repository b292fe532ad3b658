"""What a directory tree looks like, and which changes lead from one look to the next.

The truth of row 7: it comes from the files themselves, not from what we believe that a program does.
"""

from __future__ import annotations

import ctypes
import dataclasses
import hashlib
import os
import pathlib
import stat


@dataclasses.dataclass(frozen=True)
class Look:
    """One name."""

    #: The file handle: ext4 gives a freed inode number to the next file at once, with another generation.
    identity: bytes
    mode: int
    owner: tuple[int, int]
    modified: int
    content: str

    @property
    def is_directory(self) -> bool:
        return stat.S_ISDIR(self.mode)


@dataclasses.dataclass(frozen=True)
class Expected:
    """A change that must be told exactly once."""

    path: str
    #: The kinds that are right: usually one.
    kinds: frozenset[str]
    previous: str | None = None

    def __str__(self) -> str:
        return f"{'|'.join(sorted(self.kinds))} {self.path}" + (f" from {self.previous}" if self.previous else "")


Tree = dict[str, Look]

_libc = ctypes.CDLL(None, use_errno=True)


def identity(path: str) -> bytes:
    """What stays with an object over renames and is never given to another one.

    The corresponding system call is `name_to_handle_at(2)`.
    """
    handle = ctypes.create_string_buffer(8 + 128)
    handle[0:4] = (128).to_bytes(4, "little")
    mount = ctypes.c_int()
    if _libc.name_to_handle_at(-100, os.fsencode(path), handle, ctypes.byref(mount), 0) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), path)
    return handle.raw[: 8 + int.from_bytes(handle.raw[0:4], "little")]


def look(root: pathlib.Path) -> Tree:
    """Every name below `root`, with what tells whether it changed."""
    found: Tree = {}
    for directory, names, files in os.walk(root):
        for name in names + files:
            path = os.path.join(directory, name)
            status = os.lstat(path)
            content = ""
            if stat.S_ISREG(status.st_mode):
                content = hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
            elif stat.S_ISLNK(status.st_mode):
                content = os.readlink(path)
            owner = status.st_uid, status.st_gid
            found[path] = Look(identity(path), status.st_mode, owner, status.st_mtime_ns, content)
    return found


def changes(before: Tree, after: Tree) -> list[Expected]:
    """The changes between two looks. A directory's own time stamps are no change: its entries tell."""
    old_names = {entry.identity: path for path, entry in before.items()}
    # Directories first, so that what moved with its directory is not told again.
    moved: dict[str, str] = {}
    found: list[Expected] = []
    for path, entry in sorted(after.items()):
        if path in before and before[path].identity == entry.identity:
            found += same_object(path, before[path], entry)
            continue
        origin = old_names.get(entry.identity)
        if origin is None:
            found.append(Expected(path, frozenset({"replaced" if path in before else "created"})))
        elif origin in after and after[origin].identity == entry.identity:
            found.append(Expected(path, frozenset({"linked"})))
        elif moved.get(os.path.dirname(origin)) == os.path.dirname(path):
            moved[origin] = path
        else:
            moved[origin] = path
            found.append(Expected(path, frozenset({"renamed"}), origin))
    for path, entry in sorted(before.items()):
        if path not in after and path not in moved:
            found.append(Expected(path, frozenset({"deleted"})))
    return found


def same_object(path: str, before: Look, after: Look) -> list[Expected]:
    if before.content != after.content:
        return [Expected(path, frozenset({"modified"}))]
    if (before.mode, before.owner) != (after.mode, after.owner):
        return [Expected(path, frozenset({"attributes"}))]
    if before.modified != after.modified and not after.is_directory:
        # Written with the same content, or utimensat(2): the tree does not tell which.
        return [Expected(path, frozenset({"modified", "attributes"}))]
    return []
