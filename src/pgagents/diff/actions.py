"""Compares the actions of two editions: removed, new, renamed or changed ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from typing import Any

from pgagents.cel.expression import Expression
from pgagents.cel.rewrite import normal
from pgagents.diff.auth import ways
from pgagents.diff.change import Change, Severity
from pgagents.diff.schemas import Sides, answers, compare_schemas, inputs
from pgagents.model.action import Action, Code, Former
from pgagents.model.job import Job
from pgagents.model.model import Model
from pgagents.model.pages import Pages
from pgagents.text.brief import brief

BY_OPERATION = ("rest", "openai", "copilot")
"""Surfaces whose documents identify an action by its operation id; the others use its name."""
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")


def surfaces(model: Model, action: str) -> tuple[str, ...]:
    """Return the surfaces that offer an action."""
    return tuple(name for name, s in model.surfaces.items() if any(a.name == action for a in s.actions))


def changes(old: Model, new: Model) -> Iterator[Change]:
    """Yield every change of the actions."""
    then, now = {str(a.name): a for a in old.actions}, {str(a.name): a for a in new.actions}
    kept = {str(f.name): f for a in new.actions for f in a.formerly}
    renamed = dict(_find_renames(then, now))
    for name, action in then.items():
        where = surfaces(old, name)
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
            yield Change("addition", "action-added", name, "is new", surfaces(new, name), None, action.origin)


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
    """Return the change of a name, which breaks users of the old one, now or on the day until which it is
    kept.
    """
    if former is None:
        message = f"is called {b.name} now: every agent, prompt and log that names it must follow"
        return Change("breaking", "action-renamed", name, message, where, a.origin, b.origin)
    message = (
        f"is called {b.name} now; the old name is kept until {former.until}, and every agent, prompt and "
        "log must follow by then"
    )
    return Change("may break", "action-renamed", name, message, _by_name(where), a.origin, former.origin)


def _by_name(where: tuple[str, ...]) -> tuple[str, ...]:
    """Return the surfaces where only the name identifies an action; all of them where there is none."""
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
    where = tuple(dict.fromkeys([*surfaces(old, a.name), *surfaces(new, b.name)]))
    sides = Sides(old, new, a, b, where)
    yield from _names(sides)
    yield from _formerly(sides)
    yield from _nature(sides)
    yield from inputs(sides)
    yield from answers(sides)
    yield from _errors(sides)
    yield from _laws(sides)
    yield from _texts(sides)
    yield from _compare_surfaces(sides)
    yield from _rest(sides)


def _describe_route(action: Action) -> str:
    return f"{action.method} {action.path}" if action.on_rest else "on no path of its own"


def _names(s: Sides) -> Iterator[Change]:
    a, b = s.a, s.b
    if (a.method, _PLACEHOLDER.sub("{}", a.path)) != (b.method, _PLACEHOLDER.sub("{}", b.path)):
        message = f"is {_describe_route(b)} now, was {_describe_route(a)}"
        yield s.change("breaking" if a.on_rest else "addition", "route", message, "http")
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


def _nature(s: Sides) -> Iterator[Change]:
    """Compare what a call does, who may make it, and how it may be repeated."""
    yield from _effects(s)
    yield from _permission(s)
    yield from _repetition(s)


def _effects(s: Sides) -> Iterator[Change]:
    """Compare what a call does to the world, and whether a person is asked before it."""
    a, b = s.a, s.b
    if a.effect != b.effect:
        yield s.change(
            "breaking",
            "effect",
            f"effect is {b.effect} now, was {a.effect}: review every caller that does not ask first",
            "effect",
            safety=True,
        )
    if a.confirm_body and not b.confirm_body:
        yield s.change(
            "breaking",
            "confirmation-dropped",
            "no person is asked before it any more",
            "confirm",
            safety=True,
        )
    elif b.confirm_body and not a.confirm_body:
        yield s.change(
            "may break", "confirmation-added", "a person is asked before it now", "confirm", safety=True
        )
    elif (a.confirm_title, a.confirm_body) != (b.confirm_title, b.confirm_body):
        yield s.change(
            "wording",
            "confirmation-text",
            f"a person is asked: {brief(str(b.confirm_body), 100)}",
            "confirm",
            safety=True,
        )
    for key, what in (("costs", "moves money"), ("destructive", "removes something for good")):
        if getattr(a, key) != getattr(b, key):
            said = (
                f"{what} now"
                if getattr(b, key)
                else f"is no longer said to be one that {what}: hosts may call it without asking"
            )
            yield s.change("breaking", key, said, key, safety=True)


def _permission(s: Sides) -> Iterator[Change]:
    """Compare the credentials and the scope that a call needs, and the rate limit that it draws from."""
    a, b = s.a, s.b
    yield from ways.compare(s)
    if a.scope != b.scope:
        yield s.change(
            "breaking" if b.scope else "addition",
            "scope",
            f"needs scope {b.scope or 'none'} now, was {a.scope or 'none'}",
            "scope",
        )
    if a.bucket != b.bucket:
        yield s.change(
            "may break",
            "bucket",
            f"draws from {b.bucket or 'no bucket'} now, was {a.bucket or 'none'}",
            "bucket",
        )


def _repetition(s: Sides) -> Iterator[Change]:
    """Compare how a call may be repeated, whether it is to go, and how it is signed."""
    a, b = s.a, s.b
    if a.idempotency != b.idempotency:
        message = (
            f"idempotency key is {b.idempotency} now"
            if b.idempotency
            else "has no idempotency key any more: a repeated call is a second one"
        )
        yield s.change(
            "may break" if b.idempotency and a.idempotency is None else "breaking",
            "idempotency",
            message,
            "idempotency",
            safety=not b.idempotency,
        )
    if a.deprecation != b.deprecation and a.deprecated and b.deprecated:
        yield from _end(s)
    if a.deprecated != b.deprecated:
        yield s.change(
            "wording",
            "deprecated",
            "is deprecated now" if b.deprecated else "is not deprecated any more",
            "deprecated",
        )
    if a.pages is None or b.pages is None or _page_meaning(a.pages) != _page_meaning(b.pages):
        yield from _pages(s)
    yield from _conditions(s)
    if _job_meaning(a.job) != _job_meaning(b.job):
        yield from _job(s)
    if a.signed != b.signed:
        yield s.change("breaking", "signed", "is signed another way now", "signed")


def _end(s: Sides) -> Iterator[Change]:
    """Compare the days on which a deprecated action stops working, and what to call instead."""
    a, b = s.a.deprecation, s.b.deprecation
    then, now = (a.sunset if a else ""), (b.sunset if b else "")
    if then != now:
        severity: Severity = "may break" if now and (not then or now < then) else "wording"
        said = f"stops working on {now}" if now else "has no day on which it stops working"
        yield s.change(severity, "sunset", f"{said}, was {then or 'open'}", "deprecated")
    kept = (a.since if a else "", a.instead if a else ""), (b.since if b else "", b.instead if b else "")
    if kept[0] != kept[1]:
        yield s.change(
            "wording", "deprecated", f"its end: {b.sentence if b else 'no longer said'}", "deprecated"
        )


def _conditions(s: Sides) -> Iterator[Change]:
    """Compare the tags of versions, and the writes that ask for the present one."""
    a, b = s.a, s.b
    if a.etag != b.etag:
        said = "has a tag for each version now" if b.etag else "has no tag any more: conditional calls stop"
        yield s.change("addition" if b.etag else "breaking", "etag", said, "etag")
    if a.if_match != b.if_match:
        said = f"is refused with a stale `{b.if_match}` now" if b.if_match else "takes no If-Match any more"
        severity: Severity = "may break" if b.if_match and not a.if_match else "breaking"
        yield s.change(severity, "if-match", said, "if_match")


def _pages(s: Sides) -> Iterator[Change]:
    """Compare how a list goes on: a caller that walks it the old way stops early, or never."""
    a, b = s.a.pages, s.b.pages
    if b is None and a is not None:
        yield s.change("breaking", "pages-dropped", "its list is not said to go on any more", "pages")
    elif a is None and b is not None:
        message = f"its list goes on: the next page is requested by `{b.argument}`"
        yield s.change("addition", "pages-added", message, "pages")
    elif b is not None:
        message = f"its list goes on another way: `{b.argument}` is {brief(b.next.wording, 80)}"
        yield s.change("breaking", "pages", message, "pages")


def _job(s: Sides) -> Iterator[Change]:
    """Compare the job that a call starts: a caller must know whether the answer is the end of it."""
    a, b = s.a.job, s.b.job
    if b is None:
        yield s.change("may break", "job-dropped", "its answer is the end of it now", "job")
    elif a is None:
        yield s.change("breaking", "job-added", f"it only starts a job now, which {b.read_by} shows", "job")
    elif (
        _job_meaning(a)[:-2] == _job_meaning(b)[:-2]
        and b.within_s <= a.within_s
        and a.reason in (None, b.reason)
    ):
        yield s.change("addition", "job", f"its job ends within {b.within_s:g} s", "job")
    else:
        yield s.change("breaking", "job", "its job ends another way, or later", "job")


def _job_meaning(job: Job | None) -> list[Any]:
    """Return what callers rely on; last the time and the reason."""
    if job is None:
        return []
    return [
        job.resource,
        job.read_by,
        job.state,
        sorted(job.done),
        sorted(job.failed),
        job.within_s,
        job.reason,
    ]


def _page_meaning(pages: Pages) -> list[Any]:
    meant = (pages.items, pages.next, pages.more, pages.argument, pages.size, pages.is_url, pages.bound)
    parts = (part.name if isinstance(part, Code) else part for part in meant)
    return _meaning((*parts, sorted(pages.bound_to)))


def _errors(s: Sides) -> Iterator[Change]:
    before, after = {c.name for c in s.a.errors}, {c.name for c in s.b.errors}
    for name in sorted(after - before):
        code = next(c for c in s.b.errors if c.name == name)
        yield s.change("may break", "error-added", f"may answer {code.status} {name} now", "errors")
    for name in sorted(before - after):
        yield s.change("addition", "error-removed", f"does not answer {name} any more", "errors")


def _laws(s: Sides) -> Iterator[Change]:
    before, after = _promises(s.a), _promises(s.b)
    for key in dict.fromkeys([*before, *after]):
        kind, name = key
        if key in before and key in after and _meaning(before[key]) == _meaning(after[key]):
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
    """Return the parts of laws and relations by kind and name, the most important first."""
    laws: dict[tuple[str, str], tuple[Any, ...]] = {("law", x.name): (x.that, x.when) for x in action.laws}
    return laws | {("relation", r.name): (r.keeps, r.widen, r.by, r.unless, r.fits) for r in action.relations}


def _meaning(promise: Iterable[Any]) -> list[Any]:
    """Return the parts of a promise so that two are equal if they mean the same."""
    return [normal(part.tree) if isinstance(part, Expression) else part for part in promise]


def _texts(s: Sides) -> Iterator[Change]:
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
    """Yield what changed in the names and values that a surface gives the action's arguments."""
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


def _compare_surfaces(s: Sides) -> Iterator[Change]:
    before, after = set(surfaces(s.old, s.a.name)), set(surfaces(s.new, s.b.name))
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


_COMPARED = frozenset((
    "name", "operation_id", "title", "description", "method", "path", "effect", "costs", "destructive",
    "bucket", "scope", "key", "params", "unknown", "outputs", "errors", "idempotency", "confirm_title",
    "confirm_body", "laws", "relations", "deprecated", "signed", "origin", "cite", "formerly", "alias_of",
    "security", "pages", "etag", "if_match", "job", "content_type", "headers", "deprecation",
    "max_body_bytes",
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
    """Yield changes of texts for people and models, and of any field that is not compared elsewhere."""
    for field in fields(Action):
        if field.name in _COMPARED:
            continue
        if field.name in _SHOWN:
            if _SHOWN[field.name](s.a) != _SHOWN[field.name](s.b):
                yield s.change("wording", "shown", f"its {field.name} changed", field.name)
        elif getattr(s.a, field.name) != getattr(s.b, field.name):
            yield s.change("may break", "setting", f"its {field.name} changed", field.name)
