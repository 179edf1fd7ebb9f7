"""Compare two editions of a catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pgagents.base.cel.syntax import print_node
from pgagents.catalogue.model.answers import Pages
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


# -- guesses


CALLS = ("found_by", "made_by", "read_by", "listed_by", "undone_by")


def compare_guesses(old: Model, new: Model) -> list[Change]:
    """Return the changes of what an import concluded: calls of resources, pages, and who refuses a call.

    No caller sees them. A run of `verify` tries other calls, or fewer, after such a change.
    """
    return [*_compare_calls(old, new), *_compare_pages(old, new)]


def _compare_calls(old: Model, new: Model) -> Iterator[Change]:
    before, after = (model.source.data.get("resources") or {} for model in (old, new))
    for name in dict.fromkeys((*before, *after)):
        for key in CALLS:
            was, now = (_find_guess(side.get(name), key) for side in (before, after))
            if was == now:
                continue
            at = ("resources", name, key)
            written = after.get(name, {}).get(key) if was is not None and now is None else None
            said = "is the author's now" if written else "is gone" if now is None else f"is {_name(now)} now"
            said += f", and was {_name(was)}" if was is not None and now is not None else ""
            yield Change(
                "wording", "guess", f"{name}.{key}", said, (), at if was else None, at if now else None
            )


def _find_guess(resource: Any, key: str) -> Any:
    """Return a resource's call if it was inferred, otherwise None."""
    written = resource.get(key) if isinstance(resource, Mapping) else None
    calls = written if isinstance(written, list) else [written] if written else []
    guessed = [call for call in calls if call.get("inferred", resource.get("inferred"))]
    return guessed or None


def _name(calls: Any) -> str:
    return " or ".join(f"`{call['action']}`" for call in calls)


def _compare_pages(old: Model, new: Model) -> Iterator[Change]:
    before = {str(action.name): action for action in old.actions}
    for action in new.actions:
        earlier = before.get(str(action.name))
        was = earlier.pages if earlier is not None else None
        now = action.pages
        guessed = [pages for pages in (was, now) if pages is not None and pages.inferred]
        if earlier is None or not guessed:
            continue
        if _describe_pages(was) != _describe_pages(now):
            said = "is gone" if now is None else _describe_pages(now)
            yield Change("wording", "guess", f"{action.name}.pages", said, (), action.origin, action.origin)


def _describe_pages(pages: Pages | None) -> str:
    if pages is None:
        return ""
    items = f"the items are {print_node(pages.items.tree)}"
    return f"is asked for by `{pages.argument}`: {items}, and the next page is {print_node(pages.next.tree)}"


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
