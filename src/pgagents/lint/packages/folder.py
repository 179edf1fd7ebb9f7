"""List a folder without following links, within limits."""

from __future__ import annotations

import os
import stat
from functools import partial
from pathlib import Path

from pgagents.errors import PgagentsError
from pgagents.lint.packages.tree import MAX_ENTRIES, MAX_LEVELS, Entry, Kind, Tree

LEFT_OUT = frozenset((".git", ".hg", ".svn"))
"""Folders of version control, which packages never contain."""


def list_folder(path: str) -> Tree:
    """Return the folder's entries. Raises PgagentsError if it cannot be listed or is beyond the limits."""
    members: list[Entry] = []
    waiting = [("", 1)]
    while waiting:
        prefix, level = waiting.pop()
        if level > MAX_LEVELS:
            raise PgagentsError(
                f"{path}: folders are nested more than {MAX_LEVELS} levels deep",
                "name the plugin's own folder",
            )
        for entry in _scan(path, prefix):
            if entry.name in LEFT_OUT and not prefix:
                continue
            inner = prefix + entry.name
            status = entry.stat(follow_symlinks=False)
            kind = _kind(status.st_mode)
            reader = partial(_read, f"{path}/{inner}")
            members.append(Entry(inner, kind, status.st_size, status.st_size, reader))
            if len(members) > MAX_ENTRIES:
                raise PgagentsError(
                    f"{path} has more than {MAX_ENTRIES:,} entries; that is the most listed",
                    "name the plugin's own folder",
                )
            if kind == "folder":
                waiting.append((f"{inner}/", level + 1))
    return Tree(_name(path), tuple(sorted(members, key=lambda one: one.path)), zipped=False)


def single_file(path: str, raw: bytes) -> Tree:
    """Return a tree with one file that has these bytes."""
    name = Path(path).name
    only = Entry(name, "file", len(raw), len(raw), lambda most: raw[: most + 1])
    return Tree(path, (only,), zipped=False, single=True)


def _name(path: str) -> str:
    return path.rstrip("/\\") or path


def _scan(path: str, prefix: str) -> list[os.DirEntry[str]]:
    found: list[os.DirEntry[str]] = []
    try:
        with os.scandir(Path(path, prefix)) as listing:
            for entry in listing:
                found.append(entry)
                if len(found) > MAX_ENTRIES:
                    break
    except OSError as error:
        raise PgagentsError(f"cannot list {path}/{prefix}: {error.strerror}", "may you read it?") from None
    return found


def _kind(mode: int) -> Kind:
    if stat.S_ISLNK(mode):
        return "link"
    if stat.S_ISDIR(mode):
        return "folder"
    return "file" if stat.S_ISREG(mode) else "other"


def _read(path: str, most: int) -> bytes:
    """Return at most `most + 1` bytes of a regular file. Links are not followed."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
    handle = os.open(path, flags | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(0, "it is no regular file")
        return stream.read(most + 1)
