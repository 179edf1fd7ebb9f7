"""Compare two editions of an action where the values decide how bad a change is.

`language.py` says which key each of these functions compares, and rates the other keys itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pgagents.base.cel.expression import Expression
from pgagents.base.cel.rewrite import normal
from pgagents.base.text import brief
from pgagents.catalogue.encoding.medium import has_body
from pgagents.catalogue.encoding.request import PIPES, SPACES
from pgagents.catalogue.model.action import Action, Job, Param
from pgagents.catalogue.model.answers import Code, Pages
from pgagents.catalogue.model.model import Model
from pgagents.diff.change import Change, Severity, Sides
from pgagents.diff.schemas import ABSENT, Difference, Who, is_same, shorten_json, turn_schema, turn_schemas
from pgagents.diff.values import differences

BY_OPERATION = ("rest", "openai", "copilot")
"""Surfaces whose documents identify an action by its operation id. Other surfaces use its name."""
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")


def find_surfaces(model: Model, action: str) -> tuple[str, ...]:
    """Return the surfaces that offer an action."""
    return tuple(name for name, s in model.surfaces.items() if any(a.name == action for a in s.actions))


def match_actions(s: Sides) -> Iterator[Sides]:
    """Yield the actions of both editions, the renamed ones together."""
    then, now = {str(a.name): a for a in s.old.actions}, {str(a.name): a for a in s.new.actions}
    renamed = dict(_find_renames(then, now))
    for name, a in then.items():
        b = now.get(name) or now.get(renamed.get(name, ""))
        where = [*find_surfaces(s.old, name), *(find_surfaces(s.new, b.name) if b else ())]
        at = a.origin, b.origin if b else None
        yield Sides(s.old, s.new, a, b, str(b.name if b else name), at, tuple(dict.fromkeys(where)))
    for name, b in now.items():
        if name not in then and name not in renamed.values():
            yield Sides(s.old, s.new, None, b, name, (None, b.origin), find_surfaces(s.new, name))


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


def _rename(s: Sides) -> Change:
    """Return the change of a name. It breaks users of the old name, now or when its last day has passed."""
    name, where = str(s.a.name), find_surfaces(s.old, s.a.name)
    former = next((f for action in s.new.actions for f in action.formerly if f.name == name), None)
    if former is None:
        message = f"is called {s.b.name} now: every agent, prompt and log that names it must follow"
        return Change("breaking", "action-renamed", name, message, where, *s.at)
    message = (
        f"is called {s.b.name} now; the old name is kept until {former.until}, and every agent, prompt and "
        "log must follow by then"
    )
    return Change("may break", "action-renamed", name, message, _by_name(where), s.at[0], former.origin)


def _by_name(where: tuple[str, ...]) -> tuple[str, ...]:
    """Return the surfaces that identify an action by its name alone; all surfaces if there are none."""
    return tuple(n for n in where if n not in BY_OPERATION) or where


def compare_former_names(s: Sides) -> Iterator[Change]:
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


def _describe_route(action: Action) -> str:
    return f"{action.method} {action.path}" if action.on_rest else "on no path of its own"


def compare_routes(s: Sides) -> Iterator[Change]:
    """Yield the changes of an action's name, and of its method and path."""
    if s.a.name != s.b.name:
        yield _rename(s)
    routes = [(one.method, _PLACEHOLDER.sub("{}", one.path)) for one in (s.a, s.b)]
    if routes[0] != routes[1]:
        message = f"is {_describe_route(s.b)} now, was {_describe_route(s.a)}"
        yield s.change("breaking" if s.a.on_rest else "addition", "route", message, "http")


def compare_action_servers(s: Sides) -> Iterator[Change]:
    """Yield the change of the server that an action is called at."""
    if s.a.on_rest and s.b.on_rest and s.a.server != s.b.server:
        there = f"at the server {s.b.server}" if s.b.server else "at the API's own server"
        yield s.change("breaking", "server", f"is {there} now, which a client may not expect", "server")


def compare_operation_ids(s: Sides) -> Iterator[Change]:
    """Yield the change of an operation id, on the surfaces that agents call it by."""
    if s.a.operation_id != s.b.operation_id:
        message = (
            f"operation id is {s.b.operation_id} now, was {s.a.operation_id}: "
            "every agent that calls it by that name breaks"
        )
        seen = tuple(n for n in s.where if n in BY_OPERATION)
        yield replace(s, where=seen or s.where).change("breaking", "operation-renamed", message)


def compare_function_names(s: Sides) -> Iterator[Change]:
    """Yield the change of the name that a surface gives to an action."""
    for name in s.where:
        mine, theirs = s.a.texts.get(name), s.b.texts.get(name)
        before, after = (mine.name if mine else None), (theirs.name if theirs else None)
        old, new = before or s.a.name, after or s.b.name
        if old != new and (before or after):
            kept = any(f.name == old for f in s.b.formerly)
            yield replace(s, where=(name,)).change(
                "may break" if kept else "breaking", "function-renamed", f"is {new} here now, was {old}"
            )


def compare_confirmations(s: Sides) -> Iterator[Change]:
    """Yield the change of the question that a person is asked before a call."""
    a, b = s.a, s.b
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


def compare_reasons(key: str) -> Callable[[Sides], Iterator[Change]]:
    """Return the comparison of a hint's reason, which matters only if the hint has the same value."""

    def compare(s: Sides) -> Iterator[Change]:
        was, now = getattr(s.a.hints, key), getattr(s.b.hints, key)
        if was.value == now.value and was.reason != now.reason and (was.reasoned or now.reasoned):
            place = "effect" if key == "read_only" else key
            yield s.change("wording", "hint-reason", f"its reason: {brief(str(now.reason), 100)}", place)

    return compare


def compare_equal_calls(s: Sides) -> Iterator[Change]:
    """Yield the change of the time in which equal calls are one."""
    a, b = s.a, s.b
    if a.equal_calls_s != b.equal_calls_s:
        longer = a.equal_calls_s is None or (b.equal_calls_s or 0) > a.equal_calls_s
        yield s.change(
            "may break" if longer else "breaking",
            "equal_calls",
            f"equal calls are one within {b.equal_calls_s or 0} s now, was {a.equal_calls_s or 0}",
            "equal_calls_s",
            safety=not longer,
        )


def compare_ends(s: Sides) -> Iterator[Change]:
    """Compare the dates on which a deprecated action stops working, and its successor."""
    a, b = s.a.deprecation, s.b.deprecation
    if not (s.a.deprecated and s.b.deprecated):
        return
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


def compare_alternatives(s: Sides) -> Iterator[Change]:
    """Yield the change of the groups of arguments of which a call has exactly one."""
    a, b = s.a, s.b
    if a.either != b.either:
        eased = not b.either or (bool(a.either) and set(a.either) <= set(b.either))
        said = " or ".join(" and ".join(f"`{n}`" for n in group) for group in b.either)
        text = (
            f"takes exactly one of {said} now" if said else "no longer wants exactly one group of arguments"
        )
        yield s.change("addition" if eased else "breaking", "either", text, "either")


def compare_pages(s: Sides) -> Iterator[Change]:
    """Compare the pages of a list. A caller that follows the old rules may stop early, or never."""
    a, b = s.a.pages, s.b.pages
    if b is None and a is not None:
        yield s.change("breaking", "pages-dropped", "its list is not said to go on any more", "pages")
    elif a is None and b is not None:
        message = f"its list goes on: the next page is requested by `{b.argument}`"
        yield s.change("addition", "pages-added", message, "pages")
    elif a is not None and b is not None and list_page_parts(a) != list_page_parts(b):
        message = f"its list goes on another way: `{b.argument}` is {brief(b.next.wording, 80)}"
        yield s.change("breaking", "pages", message, "pages")


def compare_job(s: Sides) -> Iterator[Change]:
    """Compare the job that a call starts. Callers need to know if the answer is the job's result."""
    a, b = s.a.job, s.b.job
    if list_job_parts(a) == list_job_parts(b):
        return
    if b is None:
        yield s.change("may break", "job-dropped", "its answer is the end of it now", "job")
    elif a is None:
        yield s.change("breaking", "job-added", f"it only starts a job now, which {b.read_by} shows", "job")
    elif (
        list_job_parts(a)[:-2] == list_job_parts(b)[:-2]
        and b.within_s <= a.within_s
        and a.reason in (None, b.reason)
    ):
        yield s.change("addition", "job", f"its job ends within {b.within_s:g} s", "job")
    else:
        yield s.change("breaking", "job", "its job ends another way, or later", "job")


def list_job_parts(job: Job | None) -> list[Any]:
    """Return the parts of a job that callers rely on. The last ones are the time and the reason."""
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


def list_page_parts(pages: Pages) -> list[Any]:
    """Return the parts of a list's pages that callers rely on."""
    meant = (
        *(pages.items, pages.next, pages.more, pages.argument, pages.size, pages.is_url, pages.bound),
        pages.total,
    )
    parts = (part.name if isinstance(part, Code) else part for part in meant)
    return list_meaning((*parts, sorted(pages.bound_to)))


def compare_body_types(s: Sides) -> Iterator[Change]:
    """Yield a change of the media type of the body that callers send."""
    if s.a.content_type != s.b.content_type and has_body(s.a) and has_body(s.b):
        message = f"the body is {s.b.content_type} now, was {s.a.content_type}"
        yield s.change("breaking", "body-type", message, "content_type")


def compare_body_sizes(s: Sides) -> Iterator[Change]:
    """Yield a change of the largest body, unless the change of the limit for all bodies covers it."""
    before, after = s.a.max_body_bytes, s.b.max_body_bytes
    shared = (s.old.limits.max_body_bytes, s.new.limits.max_body_bytes)
    if before == after or (before, after) == shared:
        return
    less = after is not None and (before is None or after < before)
    said = f"a body has at most {after:,} bytes now" if after is not None else "a body may have any size now"
    yield s.change("breaking" if less else "addition", "body-size", said, "max_body_bytes")


def match_arguments(s: Sides) -> Iterator[Sides]:
    """Yield the arguments of both editions of an action."""
    old, new = ({str(p.name): p for p in one.params} for one in (s.a, s.b))
    return s.members(old, new, "input")


def lose_argument(s: Sides) -> Iterator[Change]:
    """Yield the loss of an argument."""
    message = f"argument `{s.name}` is gone"
    if s.a.required or (s.owner is not None and s.owner.b.unknown == "refused"):
        yield s.change("breaking", "argument-removed", message)
    else:
        yield s.change("may break", "argument-removed", f"{message}: who sends it is refused, or not heard")


def gain_argument(s: Sides) -> Iterator[Change]:
    """Yield a new argument."""
    if s.b.required:
        yield s.change("breaking", "argument-required", f"argument `{s.name}` is new and required")
    else:
        yield s.change("addition", "argument-added", f"argument `{s.name}` is new")


def compare_unknown_members(s: Sides) -> Iterator[Change]:
    """Yield the change of what becomes of members that no argument names."""
    if s.a.unknown != s.b.unknown:
        severity: Severity = "may break" if s.b.unknown != "ignored" else "addition"
        message = f"unknown members are {s.b.unknown} now, were {s.a.unknown}"
        yield s.change(severity, "unknown-members", message, "input")


def _describe_style(p: Param) -> str:
    if p.json:
        return "as JSON"
    if not p.style:
        return "as a JSON value"
    return f"as `{p.style}`" if p.explode or p.style in (SPACES, PIPES) else f"as one text of `{p.style}`"


def compare_argument_places(s: Sides) -> Iterator[Change]:
    """Yield the change of where an argument is sent, or of how it is written there."""
    p, q = s.a, s.b
    if (p.place, p.wire if p.place != "path" else "") != (q.place, q.wire if q.place != "path" else ""):
        message = f"argument `{s.name}` is {q.place} {q.wire} now, was {p.place} {p.wire}"
        yield s.change("breaking", "argument-moved", message)
    elif (p.style, p.explode, p.json, p.reserved) != (q.style, q.explode, q.json, q.reserved):
        message = f"argument `{s.name}` is sent {_describe_style(q)} now, was {_describe_style(p)}"
        yield s.change("breaking", "argument-style", message)


def compare_defaults(s: Sides) -> Iterator[Change]:
    """Yield the change of an argument's default, which changes the meaning of calls without the argument."""
    before, after = s.a.schema.get("default", ABSENT), s.b.schema.get("default", ABSENT)
    if is_same(before, after):
        return
    if after is ABSENT:
        said = "no default any more"
    elif before is ABSENT:
        said = f"a default now: {shorten_json(after)}"
    else:
        said = f"another default: {shorten_json(after)}, was {shorten_json(before)}"
    message = f"argument `{s.name}` has {said}: calls without it mean something else"
    yield s.change("may break", "default", message)


def compare_argument_values(s: Sides) -> Iterator[Change]:
    """Yield the changes of an argument's schema and description."""
    told = s.a.description != s.b.description
    what = f"argument `{s.name}`"
    yield from _values(s, s.a.schema, s.b.schema, "callers", what, "" if told else "argument-text")
    if told:
        message = f"{what} is described anew: {brief(s.b.description, 80)}"
        yield s.change("wording", "argument-text", message)


def _values(
    s: Sides, a: Mapping[str, Any], b: Mapping[str, Any], who: Who, what: str, text_id: str
) -> Iterator[Change]:
    """Yield the changes of an argument's or answer's schema, each with its place."""
    for found in compare_schemas(s.old, s.new, a, b, who, what):
        if found.id != "text":
            change = s.change(found.severity, found.id, found.said, example=found.example)
            yield replace(change, new=found.new or change.new)
        elif text_id and not _is_named(found):
            yield s.change("wording", text_id, f"a text inside {what} changed")


def _is_named(found: Difference) -> bool:
    """Return whether a difference is in a named schema. The texts of these are compared once for all."""
    return found.new is not None and found.new[:1] == ("schemas",)


def compare_schemas(
    old: Model, new: Model, a: Mapping[str, Any], b: Mapping[str, Any], who: Who, what: str
) -> Iterator[Difference]:
    """Yield the differences of two schemas for callers or readers, as whole sentences about `what`.

    A `readOnly` member is required of answers only, a `writeOnly` one of requests only.
    """
    sides = (turn_schema(a, old.schemas, who), turn_schema(b, new.schemas, who))
    known, others = turn_schemas(old.schemas, who), turn_schemas(new.schemas, who)
    for found in differences(sides[0], known, sides[1], others, who):
        at = f"{what} at `{found.path}`" if found.path else what
        if found.id in ("member-added", "member-removed", "member-required"):
            at = f"{what}: member `{found.path}`"
        yield replace(found, said=f"{at} {found.said}")


def match_answers(s: Sides) -> Iterator[Sides]:
    """Yield the answers of both editions of an action by their status."""
    old, new = ({o.status: o for o in one.outputs} for one in (s.a, s.b))
    return s.members(old, new, "output")


def gain_answer(s: Sides) -> Iterator[Change]:
    """Yield a new status that an action may answer."""
    severity: Severity = "breaking" if s.b.status < 300 else "may break"
    yield s.change(severity, "answer-added", f"may answer {s.name} now")


def compare_answer_types(s: Sides) -> Iterator[Change]:
    """Yield the change of an answer's media types. Readers know those that remain of several."""
    o, n = s.a, s.b
    fewer = o.any_type or (bool(o.media) and set(n.types) <= set(o.types))
    if o.types != n.types and not fewer:
        message = f"answer {s.name} is {' or '.join(n.types)} now, was {' or '.join(o.types)}"
        yield s.change("breaking", "content-type", message)


def compare_answer_sizes(s: Sides) -> Iterator[Change]:
    """Yield the change of an answer's largest size, because readers may rely on a limit."""
    old, new = s.a.max_bytes, s.b.max_bytes
    if old == new:
        return
    looser = old is not None and (new is None or new > old)
    size = f"may have {new:,} bytes" if new is not None else "may have any size"
    severity: Severity = "breaking" if looser else "addition"
    yield s.change(severity, "max-bytes", f"answer {s.name} {size} now", "max_bytes")


def compare_stream_ends(s: Sides) -> Iterator[Change]:
    """Yield the change of the time in which a stream ends, if it may last longer."""
    old, new = s.a.ends_within_s, s.b.ends_within_s
    if old is not None and (new is None or new > old):
        yield s.change("may break", "stream-end", f"the stream of answer {s.name} may last longer now")


def match_answer_headers(s: Sides) -> Iterator[Sides]:
    """Yield the headers of both editions of an answer. Upper and lower case make no difference."""
    old, new = ({h.name.lower(): h for h in one.headers} for one in (s.a, s.b))
    for small in dict.fromkeys([*old, *new]):
        header = new.get(small) or old[small]
        yield s.part(old.get(small), new.get(small), "headers", name=header.name)


def compare_answer_header_values(s: Sides) -> Iterator[Change]:
    """Yield the changes of the schema and the description of an answer's header."""
    what = f"header {s.name} of answer {s.owner.name if s.owner else ''}"
    yield from _values(s, s.a.schema, s.b.schema, "readers", what, "answer-text")
    if s.a.description != s.b.description:
        yield s.change("wording", "answer-text", f"{what} is described anew")


def compare_answer_bodies(s: Sides) -> Iterator[Change]:
    """Yield the changes of an answer's body and description."""
    o, n, what = s.a, s.b, f"answer {s.name}"
    if o.schema is None or n.schema is None:
        if o.schema is not None:
            yield s.change("breaking", "body-removed", f"{what} has no body any more")
        elif n.schema is not None:
            yield s.change("may break", "body-added", f"{what} has a body now")
        return
    told = o.description != n.description
    yield from _values(s, o.schema, n.schema, "readers", what, "" if told else "answer-text")
    if told:
        message = f"{what} is described anew: {brief(str(n.description), 80)}"
        yield s.change("wording", "answer-text", message)


def compare_error_names(s: Sides) -> Iterator[Change]:
    """Yield the error codes that the action may answer now, or does not answer any more."""
    before, after = {c.name for c in s.a.errors}, {c.name for c in s.b.errors}
    for name in sorted(after - before):
        code = next(c for c in s.b.errors if c.name == name)
        yield s.change("may break", "error-added", f"may answer {code.status} {name} now", "errors")
    for name in sorted(before - after):
        yield s.change("addition", "error-removed", f"does not answer {name} any more", "errors")


def compare_other_statuses(s: Sides) -> Iterator[Change]:
    """Yield the classes of statuses that the action may answer now, or may not answer any more."""
    before, after = set(s.a.other_statuses), set(s.b.other_statuses)
    for name in sorted(after - before):
        yield s.change("may break", "status-added", f"may answer any {name} now", "other_statuses")
    for name in sorted(before - after):
        said = f"answers only the documented statuses of {name} now"
        yield s.change("addition", "status-removed", said, "other_statuses")


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


def compare_descriptions(s: Sides) -> Iterator[Change]:
    """Yield the changed texts that agents read."""
    for name in s.where or ("",):
        there = name in s.old.surfaces and name in s.new.surfaces
        before = s.old.surfaces[name].text(s.a, "description") if there else s.a.description
        after = s.new.surfaces[name].text(s.b, "description") if there else s.b.description
        if before != after:
            message = (
                f"its description changed, so a model may call it at other times: {brief(str(after), 100)}"
            )
            where = s.where if before == s.a.description else (name,)
            yield replace(s, where=where).change("wording", "description", message)


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
        yield replace(s, where=gone).change("breaking", "not-offered", "is not offered any more")
    if added:
        yield replace(s, where=added).change("addition", "offered", "is offered too")
    for name in s.where:
        if name in s.old.surfaces and name in s.new.surfaces:
            then = s.old.surfaces[name].omit.get(s.a.name, ())
            now = s.new.surfaces[name].omit.get(s.b.name, ())
            there = replace(s, where=(name,))
            yield from _compare_narrowing(s, name)
            for argument in (n for n in now if n not in then):
                yield there.change("breaking", "argument-removed", f"argument `{argument}` is left out")
            for argument in (n for n in then if n not in now):
                yield there.change("addition", "argument-added", f"argument `{argument}` is offered too")


def show(action: Action, field: str) -> Any:
    """Return what people and models see of an action's examples or texts."""
    if field == "examples":
        return [(e.name, e.title, e.input, e.status, e.output) for e in action.examples]
    return {
        name: (t.title, t.description, t.reasoning, t.responding, dict(t.params))
        for name, t in action.texts.items()
    }
