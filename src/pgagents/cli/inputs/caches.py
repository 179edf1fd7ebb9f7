"""The folder for caches: Hypothesis would otherwise make `.hypothesis` in the current folder."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path


def keep_out_of_here() -> None:
    """Send Hypothesis's files to the user's cache folder, unless the user chose another."""
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(folder() / "hypothesis"))


def folder() -> Path:
    """Return the XDG cache folder, or a temporary one of this process where there is no home."""
    return lasting() or _passing()


def lasting() -> Path | None:
    """Return the user's own cache folder; None where there is no home."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    home = (
        Path(given)
        if Path(given).is_absolute()
        else Path("~/.cache").expanduser()
        if os.environ.get("HOME")
        else None
    )
    return home / "pgagents" if home else None


@cache
def _passing() -> Path:
    """Return a temporary folder that is deleted when the process ends."""
    made = tempfile.mkdtemp(prefix="pgagents-")
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return Path(made)
