"""The type of a lint rule: a module under `lint/rules/<vendor>/` with a `RULE`, whose docstring is its page.

A rule checks what no vendor schema can, or where the schema's own message would not help.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from pgagents import registry
from pgagents.model.model import Model
from pgagents.source.diagnostics import Severity
from pgagents.source.source import Pointer, Source


@dataclass(frozen=True, slots=True)
class Edit:
    """A safe automatic change: `old` at line and column (from 1, in code points) becomes `new`."""

    line: int
    column: int
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Hit:
    """One place of the catalogue that violates a rule.

    `severity` overrides the rule's own. If a vendor documents two limits, a value over the lower is a
    warning, over the higher an error.
    """

    origin: Pointer
    message: str
    help: str
    severity: Severity | None = None
    at_value: bool = False
    part: tuple[Pointer, int] | None = None
    """A text and a character in it that the hit points at, if it is about a part of an expression."""
    edit: Callable[[Source], Edit | None] | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A lint rule. Its id is its path: `pgagents.lint.rules.gemini.long_name` is `gemini/long-name`.

    `requirement` is the row of schemas/requirements that it enforces; only a MUST may be an error. `surface`
    is the name under `surfaces` that the rule needs to apply.
    """

    severity: Severity
    requirement: str
    find: Callable[[Model], Iterable[Hit]]
    surface: str | None = None


@cache
def rules() -> dict[str, Rule]:
    """Return every rule by id."""
    return {rule_id(name): module.RULE for name, module in registry.collect("pgagents.lint.rules").items()}


def rule_id(path: str) -> str:
    """Return the id of a rule's path: `gemini/long-name` for `gemini/long_name`."""
    return path.replace("_", "-")


def page(id: str) -> str:
    """Return the docstring of a rule's module. Raises KeyError for an unknown id."""
    modules = registry.collect("pgagents.lint.rules")
    return (
        next(module.__doc__ or "" for name, module in modules.items() if rule_id(name) == id)
        if id in rules()
        else _none(id)
    )


def _none(id: str) -> str:
    raise KeyError(id)
