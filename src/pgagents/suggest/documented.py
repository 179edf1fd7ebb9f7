"""Read a catalogue's examples as samples. Values in them count as intended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.cel.expression import ExpressionError, epoch
from pgagents.cel.scope import Scope
from pgagents.model.action import Action, Example
from pgagents.model.law import Law
from pgagents.model.model import Model
from pgagents.suggest.candidate import Written
from pgagents.suggest.compiled import compile_law


def contradicts(model: Model, written: Written) -> bool:
    """Return True if a documented example of the action breaks a law, or if the law cannot be evaluated on
    it.
    """
    action, law = model.action(written.action), compile_law(written)
    if action is None or law is None:
        return law is None
    return any(_is_broken(law, values) for values in _list_values(model, action))


def _is_broken(law: Law, values: Mapping[str, Any]) -> bool:
    if any(values.get(name) is None for name in law.names & {"now", "before", "headers"}):
        return False
    scope = Scope(values)
    try:
        return law.applies(scope) and not scope.holds(law.that)
    except ExpressionError:
        return True


def _list_values(model: Model, action: Action) -> Iterator[dict[str, Any]]:
    """Yield the variables of laws for each documented success."""
    defaults = {str(p.name): p.schema["default"] for p in action.params if "default" in p.schema}
    for example in action.examples:
        if 200 <= example.status < 300 and example.output is not None:
            raw = _find_raw(model, example)
            yield {
                "input": {**defaults, **example.input},
                "response": example.output,
                "status": example.status,
                "surface": "rest",
                "now": epoch(raw["at"]) if raw.get("at") else None,
                "before": raw.get("before"),
                "env": model.env,
                "headers": None,
            }


def _find_raw(model: Model, example: Example) -> Mapping[str, Any]:
    """Return the example in the catalogue's form; empty if it comes from elsewhere."""
    value: Any = model.source.data
    for step in example.origin:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return {}
    return value if isinstance(value, Mapping) else {}
