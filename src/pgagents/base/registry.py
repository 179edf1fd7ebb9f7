"""Find what is found by its path: modules that hold one target, rule or check each, and the shipped
folders.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from pathlib import Path
from types import ModuleType


@cache
def names(package: str) -> tuple[str, ...]:
    """Return the dotted names of all leaf modules under a package, sorted, without importing them.

    The result is cached, so the folders are listed once.
    """
    root = importlib.import_module(package)
    return tuple(
        sorted(
            info.name for info in pkgutil.walk_packages(root.__path__, prefix=f"{package}.") if not info.ispkg
        )
    )


def collect(package: str) -> dict[str, ModuleType]:
    """Import the leaf modules of a package and return them by id.

    The id is the path inside the package: `gemini/functions` for
    `pgagents.generate.targets.gemini.functions`.
    """
    return {
        name[len(package) + 1 :].replace(".", "/"): importlib.import_module(name) for name in names(package)
    }


def collect_by_name(package: str) -> dict[str, ModuleType]:
    """Import the leaf modules of a package and return them by name, without folders. Names must be unique."""
    found = collect(package)
    named = {id.rpartition("/")[2]: module for id, module in found.items()}
    assert len(named) == len(found), f"two modules under {package} have one name"
    return named


# -- shipped folders


_PACKAGE = Path(__file__).resolve().parents[1]


def folder(name: str) -> Path:
    """Return the path of `templates`, `schemas`, `catalogue` or `skills`.

    A wheel contains these folders inside the package. An editable install has them only in the checkout.
    """
    shipped = _PACKAGE / "_data" / name
    return shipped if shipped.is_dir() else _PACKAGE.parents[1] / name
