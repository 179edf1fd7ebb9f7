"""Compare two editions of a catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pgagents.diff import actions, api
from pgagents.diff.change import Change, in_order
from pgagents.diff.named import Named
from pgagents.model.model import Model

_TOLD_IN_FULL = ("auth", "limits", "errors", "headers", "behaviour", "webhooks")
_TEXTS = frozenset(("description", "meaning", "title", "note", "cite", "issue_at"))


def compare(old: Model, new: Model) -> list[Change]:
    """Return all changes, the most severe first. A change counts as harmless only if that is proved."""
    old, new = (replace(model, schemas=Named(model.schemas)) for model in (old, new))
    found = [*actions.changes(old, new), *api.changes(old, new)]
    return in_order([*found, *_find_unreported(old, new, found)])


def _find_unreported(old: Model, new: Model, found: Iterable[Change]) -> Iterator[Change]:
    """Yield sections that differ although no comparison found a change in them, such as a new key."""
    seen = {place[0] for change in found for place in (change.old, change.new) if place}
    before, after = old.source.data, new.source.data
    for section in _TOLD_IN_FULL:
        a, b = before.get(section), after.get(section)
        if a == b or section in seen:
            continue
        words = _without_texts(_without_roles(a)) == _without_texts(_without_roles(b))
        yield Change(
            "wording" if words else "may break",
            "section",
            section,
            "a text changed" if words else "changed",
            (),
            (section,),
            (section,),
        )


def _without_roles(section: Any) -> Any:
    """Return `auth` without the identities, because only tests use them."""
    return (
        {key: value for key, value in section.items() if key != "roles"}
        if isinstance(section, Mapping)
        else section
    )


def _without_texts(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_texts(member) for key, member in value.items() if key not in _TEXTS}
    return [_without_texts(member) for member in value] if isinstance(value, list) else value
