"""Where the shipped folders are: inside the installed package, else in the checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """`templates`, `schemas` or `catalogue`. hatch's force-include puts them into the wheel's package;
    an editable install does not, so the checkout is the second place to look.
    """
    shipped = _PACKAGE / "_data" / name
    return shipped if shipped.is_dir() else _PACKAGE.parents[1] / name
