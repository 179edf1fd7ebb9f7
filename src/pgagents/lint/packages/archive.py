"""List a ZIP without unpacking it to disk, within limits of memory and time."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from functools import partial
from typing import BinaryIO

from pgagents.errors import PgagentsError
from pgagents.lint.packages.tree import MAX_ENTRIES, Entry, Kind, Tree

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
    reader = partial(_read, archive, info)
    return Entry(info.orig_filename, _kind(info), info.file_size, info.compress_size, reader)


def _kind(info: zipfile.ZipInfo) -> Kind:
    mode = info.external_attr >> 16
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "link" if stat.S_ISLNK(mode) else "other"
    return "folder" if info.orig_filename.endswith("/") else "file"


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
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
        elif within and _kind(info) == "file" and (why := _try(archive, info)):
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
