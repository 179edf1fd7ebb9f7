"""Compare the actions of two editions: removed, new, renamed or changed ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

from pgagents.diff.change import Change
from pgagents.diff.parts.action_texts import compare_offers, compare_texts, find_surfaces
from pgagents.diff.parts.laws import compare_laws
from pgagents.diff.parts.nature import compare_nature
from pgagents.diff.schemas import Sides, answers, inputs
from pgagents.model.action import Action, Former
from pgagents.model.model import Model

BY_OPERATION = ("rest", "openai", "copilot")
"""Surfaces whose documents identify an action by its operation id. Other surfaces use its name."""
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")


def changes(old: Model, new: Model) -> Iterator[Change]:
    """Yield every change of the actions."""
    then, now = {str(a.name): a for a in old.actions}, {str(a.name): a for a in new.actions}
    kept = {str(f.name): f for a in new.actions for f in a.formerly}
    renamed = dict(_find_renames(then, now))
    for name, action in then.items():
        where = find_surfaces(old, name)
        if name in now:
            yield from _one(old, new, action, now[name])
        elif name in renamed:
            after = now[renamed[name]]
            yield _renaming(name, kept.get(name), where, action, after)
            yield from _one(old, new, action, after)
        else:
            yield Change("breaking", "action-removed", name, "is gone", where, action.origin, None)
    for name, action in now.items():
        if name not in then and name not in renamed.values():
            yield Change(
                "addition", "action-added", name, "is new", find_surfaces(new, name), None, action.origin
            )


def _find_renames(then: dict[str, Action], now: dict[str, Action]) -> Iterator[tuple[str, str]]:
    """Yield old and new names of renamed actions: declared as `formerly`, or with the same method and
    path.
    """
    told = {
        str(former.name): name for name, a in now.items() for former in a.formerly if former.name not in now
    }
    routes = {
        (a.method, _PLACEHOLDER.sub("{}", a.path)): name
        for name, a in now.items()
        if name not in then and a.on_rest
    }
    for name, action in then.items():
        if name not in now and (
            after := told.get(name) or routes.get((action.method, _PLACEHOLDER.sub("{}", action.path)))
        ):
            yield name, after


def _renaming(name: str, former: Former | None, where: tuple[str, ...], a: Action, b: Action) -> Change:
    """Return the change of a name. It breaks users of the old name, now or when its last day has passed."""
    if former is None:
        message = f"is called {b.name} now: every agent, prompt and log that names it must follow"
        return Change("breaking", "action-renamed", name, message, where, a.origin, b.origin)
    message = (
        f"is called {b.name} now; the old name is kept until {former.until}, and every agent, prompt and "
        "log must follow by then"
    )
    return Change("may break", "action-renamed", name, message, _by_name(where), a.origin, former.origin)


def _by_name(where: tuple[str, ...]) -> tuple[str, ...]:
    """Return the surfaces that identify an action by its name alone; all surfaces if there are none."""
    return tuple(n for n in where if n not in BY_OPERATION) or where


def _formerly(s: Sides) -> Iterator[Change]:
    """Yield changes of former names: dropped, added, or kept until another day."""
    before, after = {str(f.name): f for f in s.a.formerly}, {str(f.name): f for f in s.b.formerly}
    where = _by_name(s.where)
    for name, former in before.items():
        now = after.get(name)
        if now is None and name != s.b.name:
            message = f"its old name {name} is not offered any more (it was to be until {former.until})"
            yield Change(
                "breaking", "old-name-dropped", str(s.b.name), message, where, former.origin, s.b.origin
            )
        elif now is not None and now.until != former.until:
            earlier = now.until < former.until
            message = f"its old name {name} is kept until {now.until}, was until {former.until}"
            yield Change(
                "may break" if earlier else "wording",
                "old-name-day",
                str(s.b.name),
                message,
                where,
                former.origin,
                now.origin,
            )
    for name, former in after.items():
        if name not in before and name != s.a.name:
            message = f"is offered by the name {name} too, until {former.until}"
            yield Change("addition", "old-name-added", str(s.b.name), message, where, None, former.origin)


def _one(old: Model, new: Model, a: Action, b: Action) -> Iterator[Change]:
    where = tuple(dict.fromkeys([*find_surfaces(old, a.name), *find_surfaces(new, b.name)]))
    sides = Sides(old, new, a, b, where)
    yield from _names(sides)
    yield from _formerly(sides)
    yield from compare_nature(sides)
    yield from inputs(sides)
    yield from answers(sides)
    yield from _errors(sides)
    yield from _other_statuses(sides)
    yield from compare_laws(sides)
    yield from compare_texts(sides)
    yield from compare_offers(sides)
    yield from _rest(sides)


def _describe_route(action: Action) -> str:
    return f"{action.method} {action.path}" if action.on_rest else "on no path of its own"


def _names(s: Sides) -> Iterator[Change]:
    a, b = s.a, s.b
    if (a.method, _PLACEHOLDER.sub("{}", a.path)) != (b.method, _PLACEHOLDER.sub("{}", b.path)):
        message = f"is {_describe_route(b)} now, was {_describe_route(a)}"
        yield s.change("breaking" if a.on_rest else "addition", "route", message, "http")
    if a.on_rest and b.on_rest and a.server != b.server:
        there = f"at the server {b.server}" if b.server else "at the API's own server"
        yield s.change("breaking", "server", f"is {there} now, which a client may not expect", "server")
    if a.operation_id != b.operation_id:
        message = (
            f"operation id is {b.operation_id} now, was {a.operation_id}: "
            "every agent that calls it by that name breaks"
        )
        seen = tuple(n for n in s.where if n in BY_OPERATION)
        yield Change(
            "breaking", "operation-renamed", str(b.name), message, seen or s.where, a.origin, b.origin
        )
    for name in s.where:
        mine, theirs = a.texts.get(name), b.texts.get(name)
        before, after = (mine.name if mine else None), (theirs.name if theirs else None)
        if (before or a.name) != (after or b.name) and (before or after):
            yield Change(
                "may break" if any(f.name == (before or a.name) for f in b.formerly) else "breaking",
                "function-renamed",
                str(b.name),
                f"is {after or b.name} here now, was {before or a.name}",
                (name,),
                a.origin,
                b.origin,
            )


def _other_statuses(s: Sides) -> Iterator[Change]:
    """Yield the classes of statuses that the action may answer now, or may not answer any more."""
    before, after = set(s.a.other_statuses), set(s.b.other_statuses)
    for name in sorted(after - before):
        yield s.change("may break", "status-added", f"may answer any {name} now", "other_statuses")
    for name in sorted(before - after):
        said = f"answers only the documented statuses of {name} now"
        yield s.change("addition", "status-removed", said, "other_statuses")


def _errors(s: Sides) -> Iterator[Change]:
    before, after = {c.name for c in s.a.errors}, {c.name for c in s.b.errors}
    for name in sorted(after - before):
        code = next(c for c in s.b.errors if c.name == name)
        yield s.change("may break", "error-added", f"may answer {code.status} {name} now", "errors")
    for name in sorted(before - after):
        yield s.change("addition", "error-removed", f"does not answer {name} any more", "errors")


_COMPARED = frozenset((
    "name", "operation_id", "title", "description", "method", "path", "effect", "costs", "hints",
    "bucket", "scope", "key", "params", "unknown", "outputs", "errors", "idempotency", "confirm_title",
    "confirm_body", "laws", "relations", "deprecated", "signed", "origin", "cite", "formerly", "alias_of",
    "security", "pages", "etag", "if_match", "either", "job", "content_type", "headers", "deprecation",
    "max_body_bytes", "server", "certificate", "other_statuses",
))  # fmt: skip
_SHOWN: dict[str, Callable[[Action], Any]] = {
    "examples": lambda a: [(e.name, e.title, e.input, e.status, e.output) for e in a.examples],
    "texts": lambda a: {
        name: (t.title, t.description, t.reasoning, t.responding, dict(t.params))
        for name, t in a.texts.items()
    },
    "tags": lambda a: a.tags,
}


def _rest(s: Sides) -> Iterator[Change]:
    """Yield changes of texts for people and models, and of fields that no other comparison reads."""
    for field in fields(Action):
        if field.name in _COMPARED:
            continue
        if field.name in _SHOWN:
            if _SHOWN[field.name](s.a) != _SHOWN[field.name](s.b):
                yield s.change("wording", "shown", f"its {field.name} changed", field.name)
        elif getattr(s.a, field.name) != getattr(s.b, field.name):
            yield s.change("may break", "setting", f"its {field.name} changed", field.name)
