"""What a rule is: a module under `lint/rules/<vendor>/`, whose docstring is its page and whose `RULE` finds its hits.

A rule says what no vendor schema can say, or says it where the schema's own message would not help.
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
    """A change of the text that is safe to make unasked: `old` stands at line and column (from 1, in code points) and becomes `new`."""

    line: int
    column: int
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Hit:
    """One place of the catalogue that a rule is about. `severity` is told where it differs from the rule's own: a limit that a
    vendor gives twice is a warning past the lower number, an error past the higher one."""

    origin: Pointer
    message: str
    help: str
    severity: Severity | None = None
    at_value: bool = False
    edit: Callable[[Source], Edit | None] | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule's id is its path: `pgagents.lint.rules.gemini.long_name` is `gemini/long-name`.

    `requirement` is the row of schemas/requirements that it holds us to: an error for a MUST, a warning or a note for a SHOULD.
    `surface` is the name under `surfaces` without which there is nothing to say.
    """

    severity: Severity
    requirement: str
    find: Callable[[Model], Iterable[Hit]]
    surface: str | None = None


@cache
def rules() -> dict[str, Rule]:
    """Every rule there is, by id."""
    return {rule_id(name): module.RULE for name, module in registry.collect("pgagents.lint.rules").items()}


def rule_id(path: str) -> str:
    """`gemini/long-name` of `gemini/long_name`."""
    return path.replace("_", "-")


def page(id: str) -> str:
    """The docstring of a rule's module. Raises KeyError for an id that is no rule."""
    modules = registry.collect("pgagents.lint.rules")
    return next(module.__doc__ or "" for name, module in modules.items() if rule_id(name) == id) if id in rules() else _none(id)


def _none(id: str) -> str:
    raise KeyError(id)
