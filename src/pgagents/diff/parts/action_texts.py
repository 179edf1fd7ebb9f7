"""Compare how an action appears on surfaces: its texts, its narrowed arguments, and where it is offered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pgagents.diff.change import Change
from pgagents.diff.schemas import Sides, compare_schemas
from pgagents.model.model import Model
from pgagents.text.brief import brief


def find_surfaces(model: Model, action: str) -> tuple[str, ...]:
    """Return the surfaces that offer an action."""
    return tuple(name for name, s in model.surfaces.items() if any(a.name == action for a in s.actions))


def compare_texts(s: Sides) -> Iterator[Change]:
    """Yield the changed texts that agents read."""
    for name in s.where or ("",):
        there = name in s.old.surfaces and name in s.new.surfaces
        before = s.old.surfaces[name].text(s.a, "description") if there else s.a.description
        after = s.new.surfaces[name].text(s.b, "description") if there else s.b.description
        if before != after:
            message = (
                f"its description changed, so a model may call it at other times: {brief(str(after), 100)}"
            )
            yield Change(
                "wording",
                "description",
                str(s.b.name),
                message,
                s.where if before == s.a.description else (name,),
                s.a.origin,
                s.b.origin,
            )
    if s.a.title != s.b.title:
        yield s.change("wording", "title", f"its title is {brief(str(s.b.title), 60)} now", "title")


def _compare_narrowing(s: Sides, surface: str) -> Iterator[Change]:
    """Yield changes of the names and values that a surface gives to the action's arguments."""
    s = replace(s, where=(surface,))
    before, after = s.old.surfaces[surface], s.new.surfaces[surface]
    mine = {p.catalogue_name: p for p in before.params(s.a)}
    theirs = {p.catalogue_name: p for p in after.params(s.b)}
    narrowed = {*before.narrow.get(s.a.name, {}), *after.narrow.get(s.b.name, {})}
    for argument in (n for n in mine if n in theirs and n in narrowed):
        a, b = mine[argument], theirs[argument]
        what = f"argument `{argument}` on `{surface}`"
        if a.name != b.name:
            message = f"{what} is called `{b.name}` now, was `{a.name}`"
            yield s.change("breaking", "argument-moved", message, "input", argument)
        if b.required and not a.required:
            yield s.change("breaking", "argument-required", f"{what} is required now", "input", argument)
        for found in compare_schemas(s.old, s.new, a.schema, b.schema, "callers", what):
            if found.id != "text":
                yield s.change(found.severity, found.id, found.said, "input", argument, example=found.example)


def compare_offers(s: Sides) -> Iterator[Change]:
    """Yield changes of the surfaces that offer an action, and of the arguments that they omit or narrow."""
    before, after = set(find_surfaces(s.old, s.a.name)), set(find_surfaces(s.new, s.b.name))
    gone = tuple(n for n in s.where if n in before - after and n in s.new.surfaces)
    added = tuple(n for n in s.where if n in after - before and n in s.old.surfaces)
    if gone:
        yield Change(
            "breaking", "not-offered", str(s.b.name), "is not offered any more", gone, s.a.origin, s.b.origin
        )
    if added:
        yield Change("addition", "offered", str(s.b.name), "is offered too", added, s.a.origin, s.b.origin)
    for name in s.where:
        if name in s.old.surfaces and name in s.new.surfaces:
            then, now = (
                s.old.surfaces[name].omit.get(s.a.name, ()),
                s.new.surfaces[name].omit.get(s.b.name, ()),
            )
            yield from _compare_narrowing(s, name)
            for argument in (n for n in now if n not in then):
                yield Change(
                    "breaking",
                    "argument-removed",
                    str(s.b.name),
                    f"argument `{argument}` is left out",
                    (name,),
                    s.a.origin,
                    s.b.origin,
                )
            for argument in (n for n in then if n not in now):
                yield Change(
                    "addition",
                    "argument-added",
                    str(s.b.name),
                    f"argument `{argument}` is offered too",
                    (name,),
                    s.a.origin,
                    s.b.origin,
                )
