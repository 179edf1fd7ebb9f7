"""Where libraries may keep files: Hypothesis would make a `.hypothesis` in whatever folder a user happens to stand in."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path


def keep_out_of_here() -> None:
    """Send Hypothesis's files into the user's cache folder, where the user has not said otherwise."""
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(folder() / "hypothesis"))


def folder() -> Path:
    """The cache of the XDG base directory specification; one for this process alone, where there is no home."""
    return lasting() or _passing()


def lasting() -> Path | None:
    """The user's own cache folder; None where there is no home."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    home = Path(given) if Path(given).is_absolute() else Path("~/.cache").expanduser() if os.environ.get("HOME") else None
    return home / "pgagents" if home else None


@cache
def _passing() -> Path:
    """A folder that nobody else can have made before, gone when the process ends."""
    made = tempfile.mkdtemp(prefix="pgagents-")
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return Path(made)
