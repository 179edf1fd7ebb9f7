"""Read the icon that a listing names, from a file below the catalogue's folder."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from pgagents.model.stores.listing import Icon
from pgagents.source.origin import Text
from pgagents.source.read import read_bytes

MOST_BYTES = 5 * 1024 * 1024
"""Largest part of an icon's file that is read, in bytes. No store accepts more."""
_OUTSIDE = re.compile(r"[/~]|[A-Za-z]:|.*\\|(.*/)?\.\.(/|$)", re.S)


def read_icon(folder: Path, path: Text) -> Icon:
    """Return the icon at a path from the catalogue's folder, or the reason why it was not read.

    Only files below the folder are read, because the catalogue may come from somebody else.
    """
    suffix = PurePosixPath(path).suffix.lower()
    if _OUTSIDE.match(path):
        return Icon(path, suffix, problem="outside")
    try:
        whole = (folder / path).resolve(strict=True)
        if not whole.is_relative_to(folder.resolve(strict=True)):
            return Icon(path, suffix, problem="outside")
        if not whole.is_file():
            return Icon(path, suffix, problem="no_file")
        raw = read_bytes(whole, MOST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return Icon(path, suffix, problem="missing")
    except (OSError, ValueError, RuntimeError):
        return Icon(path, suffix, problem="unreadable")
    return Icon(path, suffix, raw[:MOST_BYTES], large=len(raw) > MOST_BYTES)
