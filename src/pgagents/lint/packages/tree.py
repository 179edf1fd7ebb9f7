"""List the files of a package in one form: from a folder without following links, from a ZIP that stays
packed, or one file.
"""

from __future__ import annotations

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import BinaryIO, Literal

from pgagents.base.errors import PgagentsError

MAX_ENTRIES = 50_000
"""Most entries that are listed. A store accepts far fewer; a larger package is refused unread."""
MAX_LEVELS = 100
"""Most levels of folders."""
Kind = Literal["file", "folder", "link", "other"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, by its path from the package's top.

    `size` is in bytes. `packed` is the compressed size, or the same if nothing is compressed. `read` takes a
    number of bytes and returns at most one more; it raises OSError with the reason.
    """

    path: str
    kind: Kind
    size: int = 0
    packed: int = 0
    read: Callable[[int], bytes] = lambda _most: b""


@dataclass(frozen=True)
class Tree:
    """All entries of a package. `name` is the package's name in messages.

    `members` are the entries as they are named in the archive, `zipped` is true for a ZIP. `files` maps a
    path from the plugin's root to its entry; folders are entries of their own, even if the archive lists
    none. `root` is the prefix of the plugin's root, such as `park-graph/`.
    """

    name: str
    members: tuple[Entry, ...]
    zipped: bool
    packed: int = 0
    trouble: Mapping[str, str] = field(default_factory=dict)
    """Reasons why a member of the ZIP cannot be unpacked, by its path."""
    root: str = ""
    single: bool = False
    """True for a single file without its package. The tree then has the package's name."""
    taken: dict[str, int] = field(default_factory=dict)
    """The bytes of every text that was read, by its path from the root; `texts.py` bounds their sum."""

    @cached_property
    def files(self) -> dict[str, Entry]:
        """Return the entries below the root, by their path from the root."""
        found: dict[str, Entry] = {}
        for member in self.members:
            if not member.path.startswith(self.root):
                continue
            path = member.path[len(self.root) :].rstrip("/")
            parts = path.split("/", MAX_LEVELS + 1)
            if len(parts) > MAX_LEVELS:
                continue
            for depth in range(1, len(parts)):
                folder = "/".join(parts[:depth])
                found.setdefault(folder, Entry(folder, "folder"))
            if path:
                found[path] = member
        return found

    @cached_property
    def _children(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in self.files:
            parent, _, name = path.rpartition("/")
            found.setdefault(parent, []).append(name)
        return found

    def kind(self, path: str) -> Kind | None:
        """Return the kind of the entry at a path from the root, or None."""
        entry = self.files.get(path)
        return entry.kind if entry else None

    def is_file(self, path: str) -> bool:
        """True for a regular file at this path from the root."""
        return self.kind(path) == "file"

    def names(self, folder: str = "") -> list[str]:
        """Return the names of a folder's entries, sorted; an empty list if there is no such folder."""
        return sorted(self._children.get(folder, []))

    def below(self, folder: str) -> Iterator[str]:
        """Yield the paths of every entry below a folder, sorted."""
        prefix = f"{folder}/"
        yield from sorted(path for path in self.files if path.startswith(prefix))

    def shown(self, path: str) -> str:
        """Return a file's name for messages."""
        if not path or self.single:
            return self.name
        return f"{self.name}/{self.root}{path}"


# -- folders and single files


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
            raise OSError(0, "it is not a regular file")
        return stream.read(most + 1)


# -- ZIP archives


MAX_UNPACKED = 512 * 1024 * 1024
"""Most bytes that are unpacked to test that every entry is readable: the store's own limit for a package."""
MAX_LISTING = 16_000_000
"""Most bytes of the ZIP's own list of entries that are read."""
_PART = 1 << 20
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_END, _END_SIZE, _END_REACH = b"PK\x05\x06", 22, 65_557
_LOCATOR, _END64 = b"PK\x06\x07", b"PK\x06\x06"
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    RuntimeError,
    NotImplementedError,
    ValueError,
    struct.error,
)
"""Errors that the standard library raises for a damaged ZIP."""


class NoZipError(Exception):
    """The file is not a ZIP that can be read."""


def list_archive(stream: BinaryIO, name: str) -> Tree:
    """Return the ZIP's entries.

    Raises NoZipError for a damaged one, and PgagentsError for one beyond the limits.
    """
    stream.seek(0, 2)
    packed = stream.tell()
    _check_listing(stream, packed, name)
    try:
        archive = zipfile.ZipFile(stream)
    except _BROKEN as error:
        raise NoZipError(str(error)) from None
    infos = archive.infolist()
    if len(infos) > MAX_ENTRIES:
        raise PgagentsError(
            f"{name} has more than {MAX_ENTRIES:,} entries; that is the most listed",
            "pack the plugin's own folder",
        )
    members = tuple(_entry(archive, info) for info in infos)
    trouble = _list_trouble(archive, infos)
    return Tree(name, members, zipped=True, packed=packed, trouble=trouble)


def _check_listing(stream: BinaryIO, packed: int, name: str) -> None:
    """Refuse a list of entries that would take too much memory, before the standard library reads it."""
    stream.seek(max(0, packed - _END_REACH))
    tail = stream.read(_END_REACH)
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_SIZE:
        raise NoZipError("the end of the archive is not there")
    (size,) = struct.unpack_from("<L", tail, at + 12)
    locator = tail[at - 20 : at] if at >= 20 else b""
    if locator[:4] == _LOCATOR:
        (offset,) = struct.unpack_from("<Q", locator, 8)
        stream.seek(min(offset, packed))
        end = stream.read(56)
        if end[:4] == _END64 and len(end) == 56:
            (size,) = struct.unpack_from("<Q", end, 40)
    if size > MAX_LISTING:
        raise PgagentsError(
            f"{name}: its list of entries has {size:,} bytes; at most {MAX_LISTING:,} are read",
            "pack the plugin's own folder",
        )


def _entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Entry:
    reader = partial(_unpack, archive, info)
    return Entry(info.orig_filename, _kind_of_entry(info), info.file_size, info.compress_size, reader)


def _kind_of_entry(info: zipfile.ZipInfo) -> Kind:
    mode = info.external_attr >> 16
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "link" if stat.S_ISLNK(mode) else "other"
    return "folder" if info.orig_filename.endswith("/") else "file"


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    try:
        with archive.open(info) as stream:
            return stream.read(most + 1)
    except _BROKEN as error:
        raise OSError(0, str(error)) from None


def _list_trouble(archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo]) -> dict[str, str]:
    """Return why entries cannot be unpacked, by path.

    Contents are unpacked only if the archive's own numbers are within the store's limit.
    """
    found = {}
    within = sum(info.file_size for info in infos) <= MAX_UNPACKED
    for info in infos:
        if info.flag_bits & _ENCRYPTED:
            found[info.orig_filename] = "it is encrypted"
        elif info.compress_type not in _METHODS:
            found[info.orig_filename] = f"its compression {info.compress_type} is not supported"
        elif within and _kind_of_entry(info) == "file" and (why := _try(archive, info)):
            found[info.orig_filename] = why
    return found


def _try(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> str:
    """Unpack one entry part by part. Return why that fails, or an empty text."""
    try:
        with archive.open(info) as stream:
            while stream.read(_PART):
                pass
    except _BROKEN as error:
        return str(error) or type(error).__name__
    return ""
