"""Finds targets, rules, checks and faults by their path: a new one is a new file, no list is edited."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType


def names(package: str) -> list[str]:
    """Dotted names of all leaf modules under a package, sorted, without importing them."""
    found = []
    root = importlib.import_module(package)
    for info in pkgutil.walk_packages(root.__path__, prefix=f"{package}."):
        if not info.ispkg:
            found.append(info.name)
    return sorted(found)


def collect(package: str) -> dict[str, ModuleType]:
    """Leaf modules under a package by id: `pgagents.targets.gemini.functions` is `gemini/functions`."""
    return {name[len(package) + 1 :].replace(".", "/"): importlib.import_module(name) for name in names(package)}
