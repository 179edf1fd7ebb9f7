"""Compare two editions of a catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pgagents.catalogue.model.model import Model
from pgagents.diff.change import Change, Sides, in_order
from pgagents.diff.language import Parts, Row, Say, Told, visits
from pgagents.diff.schemas import Named

_TOLD_IN_FULL = ("auth", "limits", "errors", "headers", "behaviour", "webhooks")
_TEXTS = frozenset(("description", "meaning", "title", "note", "cite", "issue_at"))


def compare(old: Model, new: Model) -> list[Change]:
    """Return all changes, the most severe first. A change counts as harmless only if that is proved."""
    old, new = (replace(model, schemas=Named(model.schemas)) for model in (old, new))
    found = list(_walk("Catalogue", Sides(old, new, old, new)))
    return in_order([*found, *_find_unreported(old, new, found)])


_VISITS = visits()


def _walk(part: str, s: Sides) -> Iterator[Change]:
    """Yield the changes of a part of both editions, row by row of the table."""
    for row in _VISITS[part]:
        for how in row.how:
            if isinstance(how, Told):
                yield from _compare_fields(row, how, s)
            elif isinstance(how, Parts):
                for inner in how.match(s):
                    yield from _walk_pair(how, inner)
            else:
                yield from how(s)


def _walk_pair(parts: Parts, s: Sides) -> Iterator[Change]:
    """Yield the loss of a part, or a new part, or the changes of one that both editions have."""
    if s.a is not None and s.b is not None:
        yield from _walk(parts.inside, s)
        return
    how = parts.lost if s.b is None else parts.gained
    if isinstance(how, Told):
        if how.changed:
            yield _tell(how.id, how.changed, s, "", s.a, s.b)
    elif how is not None:
        yield from how(s)


def _compare_fields(row: Row, told: Told, s: Sides) -> Iterator[Change]:
    """Yield the changes of fields whose severity the row says."""
    for field in row.fields:
        was, now = told.read(s.a, field), told.read(s.b, field)
        if was == now:
            continue
        special = told.gained if not was else told.lost if not now else None
        if say := special or told.changed:
            key = row.keys[0] if len(row.fields) == len(row.keys) == 1 else field
            yield _tell(told.id, say, s, key, was, now, *((key,) if told.at is None else told.at))


def _tell(id: str, say: Say, s: Sides, key: str, was: Any, now: Any, *at: str) -> Change:
    """Return a change in the row's words."""
    words = {"key": key, "name": s.name, "owner": s.owner.name if s.owner else ""}
    text = say.text.format(was=was, now=now, **words) if isinstance(say.text, str) else say.text(was, now)
    return s.change(say.severity, id, text, *at, safety=say.safety)


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
