"""Locate the shipped folders: inside the installed package, otherwise in the checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def folder(name: str) -> Path:
    """Return the path of `templates`, `schemas` or `catalogue`.

    A wheel contains these folders inside the package. An editable install has them only in the checkout.
    """
    shipped = _PACKAGE / "_data" / name
    return shipped if shipped.is_dir() else _PACKAGE.parents[1] / name
