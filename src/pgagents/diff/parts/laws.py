"""Compare the laws and relations of an action."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pgagents.cel.expression import Expression
from pgagents.cel.rewrite import normal
from pgagents.diff.change import Change
from pgagents.diff.schemas import Sides
from pgagents.model.action import Action
from pgagents.text.brief import brief


def compare_laws(s: Sides) -> Iterator[Change]:
    """Yield changes of laws and relations."""
    before, after = _promises(s.a), _promises(s.b)
    for key in dict.fromkeys([*before, *after]):
        kind, name = key
        if key in before and key in after and list_meaning(before[key]) == list_meaning(after[key]):
            continue
        if key not in after:
            yield s.change("may break", "promise-dropped", f"{kind} {name} is promised no more", "laws", name)
        elif key not in before:
            yield s.change("addition", "promise-added", f"{kind} {name} is promised now", "laws", name)
        else:
            yield s.change(
                "may break",
                "promise-changed",
                f"{kind} {name} says something else: {brief(after[key][0].wording, 80)}",
                "laws",
                name,
            )


def _promises(action: Action) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Return laws and relations by kind and name, the most important first."""
    laws: dict[tuple[str, str], tuple[Any, ...]] = {("law", x.name): (x.that, x.when) for x in action.laws}
    return laws | {("relation", r.name): (r.keeps, r.widen, r.by, r.unless, r.fits) for r in action.relations}


def list_meaning(promise: Iterable[Any]) -> list[Any]:
    """Return the parts of a promise. Two promises with equal parts have the same meaning."""
    return [normal(part.tree) if isinstance(part, Expression) else part for part in promise]
