"""Find the judges of packages. A module under `judges` is one store or host."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from pgagents.lint.packages.hit import Hit
from pgagents.lint.packages.package import Package
from pgagents.lint.packages.tree import Tree
from pgagents.registry import collect

PACKAGE = "pgagents.lint.packages.judges"


@dataclass(frozen=True, slots=True)
class PackageJudge:
    """One judge. Its name is that of its module, with `-` for `_`; its table has the module's name.

    `root` returns the tree with the root of the package, and the findings that end the judging. `find` judges
    a package, `find_file` one file's data or text. `find_file` returns None for a file without rules.
    """

    title: str
    root: Callable[[Tree], tuple[Tree, list[Hit]]]
    find: Callable[[Package], Iterator[Hit]]
    find_file: Callable[[Package, str], Iterator[Hit] | None]
    describe: Callable[[Package], Iterator[str]] = lambda _package: iter(())
    damaged: str = ""
    """The code of a ZIP that cannot be read; empty if that is wrong usage."""


@cache
def list_judges() -> Mapping[str, PackageJudge]:
    """Return every judge of packages by its name."""
    found: dict[str, Any] = collect(PACKAGE)
    return MappingProxyType({name.replace("_", "-"): module.JUDGE for name, module in found.items()})
