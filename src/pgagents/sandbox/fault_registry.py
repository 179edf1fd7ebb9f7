"""Find faults and variations by name, and wrap a server in those that are switched on.

A family is a module under `sandbox/faults/`, or in a package that an entry point of `GROUP` names, such as
`tests/faults/`. A new fault is a new function; no list is edited.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.abc import SourceLoader
from importlib.metadata import entry_points
from typing import Any

from pgagents.base.errors import PgagentsError
from pgagents.base.http import Handler
from pgagents.base.registry import names
from pgagents.base.text import did_you_mean
from pgagents.sandbox.fault_declaration import Context, Fault, Variation

KINDS = ("faults", "variations")
GROUP = "pgagents.faults"
"""Entry points whose values are packages with further families."""


def list_families() -> Iterator[str]:
    """Yield the dotted names of the modules with faults and variations, the sandbox's own first."""
    yield from names("pgagents.sandbox.faults")
    for entry in entry_points(group=GROUP):
        yield from names(entry.value)


@cache
def collect(kind: str) -> Mapping[str, Any]:
    """Return all faults or variations of a kind by name. Raises PgagentsError if two have the same name."""
    found: dict[str, Fault | Variation] = {}
    for family in list_families():
        for member in vars(importlib.import_module(family)).values():
            if isinstance(member, Fault | Variation) and member.kind == kind:
                if member.name in found:
                    raise PgagentsError(
                        f"two {kind} have the name {member.name!r}", f"rename the one in {family}"
                    )
                found[member.name] = member
    return dict(sorted(found.items(), key=lambda item: item[0].replace("-", "_")))


@cache
def list_names(kind: str) -> tuple[str, ...]:
    """Return the names of all faults or all variations, as the command line spells them.

    The names are parsed from source text: some families import packages of the extra `sandbox`, which may be
    missing.
    """
    found: set[str] = set()
    for spec in (importlib.util.find_spec(family) for family in list_families()):
        source = (
            spec.loader.get_source(spec.name)
            if spec is not None and isinstance(spec.loader, SourceLoader)
            else None
        )
        for node in ast.parse(source or "").body:
            declared = (
                [_declares(d) for d in node.decorator_list]
                if isinstance(node, ast.FunctionDef | ast.ClassDef)
                else []
            )
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and kind.removesuffix("s") in declared:
                found.add(node.name.replace("_", "-"))
    return tuple(sorted(found, key=lambda name: name.replace("-", "_")))


def _declares(decorator: ast.expr) -> str:
    """Return the name at the start of a decorator: `fault` in `@fault("law").edit_data`."""
    while not isinstance(decorator, ast.Name):
        if not isinstance(decorator, ast.Attribute | ast.Call):
            return ""
        decorator = decorator.value if isinstance(decorator, ast.Attribute) else decorator.func
    return decorator.id


def find(kind: str, name: str) -> Any:
    """Return the fault or variation of this name. Raises PgagentsError for an unknown one."""
    if name not in collect(kind):
        what = "fault" if kind.endswith("faults") else "variation"
        raise PgagentsError(
            f"there is no {what} {name!r}",
            did_you_mean(name, list_names(kind)) or "list them: pgagents sandbox --list-faults",
        )
    return collect(kind)[name]


def summarize(found: Fault | Variation) -> str:
    """Return the first paragraph of a fault's or variation's docstring, on one line."""
    return found.description.partition("\n\n")[0].replace("\n", " ")


def describe_all() -> Mapping[str, Mapping[str, str]]:
    """Return the summary of every fault and variation of the API, by kind and name."""
    return {kind: {name: summarize(one) for name, one in collect(kind).items()} for kind in KINDS}


def wrap_api(handler: Handler, context: Context, faults: Sequence[str], variations: Sequence[str]) -> Handler:
    """Return the API's handler wrapped in these faults and variations, the first one innermost."""
    for kind, several in zip(KINDS, (faults, variations), strict=True):
        for name in several:
            handler = find(kind, name).wrap(handler, replace(context, memory={}))
    return handler
