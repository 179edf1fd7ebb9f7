"""Describe one step of a workflow to a model: the tool, and where each argument comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.cel.expression import Expression
from pgagents.generate.formerly import find_name
from pgagents.model.surface import Surface
from pgagents.model.workflow import Step
from pgagents.source.origin import plain

_MOST = 80
"""Longest example value, in characters."""


@dataclass(frozen=True, slots=True)
class StepText:
    """One step: its number, its tool, the arguments with their sources, and the members of the answer to
    keep.
    """

    number: int
    tool: str
    title: str
    arguments: tuple[tuple[str, str], ...]
    keep: tuple[tuple[str, str], ...]


def describe_step(surface: Surface, step: Step, numbers: Mapping[str, int]) -> StepText:
    """Return the text of a step. `numbers` are the numbers of the steps by name."""
    action = next(a for a in surface.actions if a.name == step.action.name)
    return StepText(
        numbers[step.name],
        str(find_name(surface, action)),
        str(surface.text(action, "title")),
        tuple(_arguments(surface, step, numbers)),
        tuple((name, f"{kept.wording}") for name, kept in step.keep.items()),
    )


def _arguments(surface: Surface, step: Step, numbers: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """Yield each argument of the step under the surface's name, with the source of its value."""
    action = next(a for a in surface.actions if a.name == step.action.name)
    for param in surface.params(action):
        if param.catalogue_name not in step.input or param.place == "header":
            continue
        value = step.input[param.catalogue_name]
        source = _find_step(value, numbers)
        if source is not None:
            yield str(param.name), source
        else:
            told = surface.param_text(action, param).rstrip(".")
            yield str(param.name), f"{told}{_show(value)}"


def _find_step(value: Any, numbers: Mapping[str, int]) -> str | None:
    """Name the step whose answer has a value; None if the user gives it."""
    if not isinstance(value, Expression):
        return None
    known = sorted({numbers[name] for name in value.names if name in numbers})
    if not known:
        return None
    if value.path and len(value.path) > 1 and value.path[0] in numbers:
        *above, last = value.path[1:]
        whole = f" of {'.'.join(above)}" if above else ""
        return f"{last}{whole}, from step {known[0]}"
    return f"{value.wording}, from step {' and '.join(map(str, known))}"


def _show(value: Any) -> str:
    """Return an example value in brackets; empty for a value from the test environment."""
    if isinstance(value, Expression) or _holds_expression(value):
        return ""
    text = json.dumps(plain(value), ensure_ascii=False)
    return f" (for example {text})" if len(text) <= _MOST else ""


def _holds_expression(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_holds_expression, value.values()))
    if isinstance(value, list | tuple):
        return any(map(_holds_expression, value))
    return isinstance(value, Expression)
